#!/bin/sh
# Install the Debian/Ubuntu packages that are missing of those named, with sudo only where it is needed.
# On other systems it says what is missing and goes on: Python packages bring their own libraries there.
# PYTHON names the interpreter whose -venv package is meant by "venv".
set -eu

missing=""
for package in "$@"; do
  case "$package" in
    venv) "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing $(basename "$PYTHON")-venv" ;;
    *) dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "Not a Debian or Ubuntu system; if a step below fails, install by hand:$missing"
  exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
  sudo=""
elif command -v sudo >/dev/null 2>&1; then
  sudo="sudo"
else
  echo "These packages are missing, and there is no sudo to install them with:$missing" >&2
  exit 1
fi
echo "Installing system packages:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # the list is meant to be split
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
