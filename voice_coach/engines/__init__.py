"""Everything that touches a model, a device or a foreign library; heavy imports happen in constructors only.

Nothing leaves the machine: libraries that would tell their makers about each run are told not to, before any of them is
imported. onnxruntime sends such reports by default from 1.29 on (on Linux and macOS; a device identifier and a queue of
events in the user's cache folder go with it), the model hub's client does when it is asked for a model.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["ORT_TELEMETRY_DISABLED"] = "1"  # what the first of these releases called it
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
