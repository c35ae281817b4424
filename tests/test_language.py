"""The lens over the words, on labelled sentences and small talks in English."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import lens
from voice_coach.events import Phrase, PhraseKind, Speaker, Utterance, Word, WordsHeard
from voice_coach.language import LanguageOptions, Lens
from voice_coach.lexicon import load_lexicon
from voice_coach.segment import Segment
from voice_coach.sentences import ends_in_question, is_backchannel, is_unfinished, last_words, split_sentences

ENGLISH = load_lexicon(Path(__file__).parents[1] / "config" / "language" / "en.toml")

# Kinds that are to be found in a sentence, and no others; "-" for none. Written as recognisers write, well and badly.
LABELLED = """
absolute            | You always do this.
absolute            | You never listen.
absolute            | you never listen to me
absolute            | You never, ever help me with the kids.
absolute            | You're always late.
absolute            | Youre always on your phone
absolute            | your always on your phone
absolute            | You are never home when I need you.
absolute            | You never even ask how my day was.
absolute            | You just never fucking listen.
absolute            | You always walk away when it gets hard.
absolute            | You always leave it to me.
absolute            | You constantly interrupt me.
absolute            | You always have an excuse.
absolute            | You always take your mother's side.
absolute            | You've never once apologized.
absolute            | You have never been there for me.
absolute            | You don't ever ask me anything.
absolute            | You never said sorry.
absolute            | You'll never change.
absolute            | All you ever do is complain.
absolute            | All you care about is your work.
absolute            | Nothing you do helps.
absolute            | Nothing I do is ever good enough for you.
absolute            | Every time I try to talk, you walk away.
absolute            | every time we talk about money you get so angry
absolute            | You do this every single time.
absolute            | You interrupt me all the time.
absolute            | You only think about yourself.
absolute            | Why do you always blame me?
absolute            | I feel like you never listen to me.
absolute            | You always forget, don't you?
absolute            | I know you said sorry, but you never change.
absolute            | Not once have you asked me.
absolute            | You always make me feel stupid.
absolute            | You never let me finish.
absolute            | You always get so defensive.
absolute            | Honestly, you never take responsibility.
appreciation        | You always make me laugh.
appreciation        | You never let me down.
-                   | You never know what happens.
-                   | Never mind.
-                   | I never said that.
-                   | I always do the dishes.
-                   | I never listen, I know.
-                   | You always wear that blue shirt.
-                   | You always come home at seven.
-                   | You always liked the sea.
-                   | You always know what to say.
-                   | You said I never listen.
-                   | You said you never listen to the news.
-                   | My mother always said you never listen.
-                   | My mother always said that.
-                   | I don't think you always do that.
-                   | I'm not saying you always do this.
-                   | You are not always late.
-                   | You don't always do that.
-                   | Have you never been there?
-                   | Do you always come home late?
-                   | Do you never ask her?
-                   | You never told me that you played the piano.
-                   | You can always call me.
-                   | You never have time for yourself.
-                   | He never listens to anybody.
-                   | If you never ask, you never know.
-                   | When you were a kid you never listened.
-                   | It is not that you never help.
-                   | I told you, always lock the door.
-                   | The train is always late.
-                   | Just smile like you always do.
-                   | You never ask for anything.
-                   | You have never met my brother.
-                   | Every time I see you I smile.
appreciation        | You were always there for me.
-                   | You're never alone.
-                   | Nothing you did was wrong.
-                   | You never forget my birthday.
-                   | I used to think you never cared.
appreciation        | I love how you always do this little dance.
paraphrase          | So you're saying I never help you.
paraphrase          | What I hear is that you feel I always walk away.
label               | You are so lazy.
label               | You're selfish.
label               | You are impossible.
label               | You're being ridiculous.
label               | your being ridiculous
label               | You're such a child.
label               | You are a liar.
label               | You're acting like a baby.
label               | You are just so stupid.
label               | What kind of person does that?
label               | What kind of father forgets his own daughter?
label               | You are a terrible listener.
label               | You lying bastard.
label               | You're crazy.
label               | you are so fucking selfish
label               | You are way too sensitive, no, you are too sensitive.
label               | When you are mean to me I go quiet.
label               | I think you are selfish.
label               | You are always so rude.
label               | your such a control freak
label               | Stop acting like a child.
absolute label      | You never help and you are lazy.
-                   | You are right here.
-                   | You're welcome.
-                   | You are tired.
-                   | You are not lazy.
-                   | You're not a bad person.
-                   | I don't think you are selfish.
-                   | I never said you were lazy.
-                   | You think I'm selfish.
-                   | You said that I am lazy.
-                   | Do you think you are selfish?
-                   | Am I selfish?
-                   | Am I being ridiculous?
-                   | I am so lazy today.
-                   | I felt stupid.
-                   | Your lazy brother called again.
-                   | You are crazy about that dog.
-                   | You are impossible to forget.
-                   | She told you that you are stupid.
-                   | If you are lazy on Sundays, that's fine.
-                   | You mean a lot of people came.
question            | What kind of father do you want to be?
-                   | That was a stupid film.
-                   | My boss is such a child.
-                   | You were such a brat as a child.
-                   | It's not that you're selfish.
-                   | The weather is impossible.
appreciation        | You are a good father.
appreciation        | You're so kind.
blame               | It's your fault.
blame               | its all your fault
blame               | This is all your fault.
blame               | All your fault.
blame               | We are late because of you.
blame disclosure    | Because of you I lost my job.
blame               | You ruined everything.
blame               | You ruined my birthday.
blame               | You made me cry.
blame               | You made me feel so small.
blame               | This is on you.
blame               | If you hadn't yelled, we would still be there.
blame               | If you had just listened, this would be easy.
blame               | Look what you did.
blame               | You started this.
blame               | You are the reason we always fight.
blame               | it's you're fault
blame               | Thanks to you we missed the train.
-                   | It's not your fault.
-                   | It was never your fault.
-                   | None of this is your fault.
-                   | I don't think it's your fault.
-                   | You think it's your fault.
-                   | Is it your fault?
-                   | It's nobody's fault.
-                   | Because of you I smiled today.
-                   | I'm a better person because of you.
-                   | If you hadn't helped me I would have failed.
blame               | This whole thing is your fault.
blame               | This is all because of you.
-                   | You never made me feel small.
-                   | You made me a cup of tea.
-                   | It's up to you.
-                   | The decision is on you to make.
-                   | She said it was your fault.
-                   | I was late because of the traffic.
appreciation        | You made me laugh so hard.
repair              | That was my fault.
repair              | It's my fault.
paraphrase          | So you're saying it's your fault.
i_statement         | I feel sad when we don't talk.
i_statement         | I felt really hurt.
i_statement         | i feel so tired
i_statement         | I was hurt that nobody called.
i_statement         | When the door slams, I feel nervous.
i_statement         | when the door slams i feel nervous
i_statement         | I need some time for myself.
i_statement         | I need more help in the evenings.
i_statement         | I wish we had more evenings together.
i_statement         | I would like to feel heard.
i_statement         | I'm worried about us.
i_statement         | I don't feel heard.
disclosure          | It hurt me that you left.
i_statement         | I was so angry yesterday.
i_statement         | It makes me feel good.
-                   | I feel that you are not honest.
-                   | I feel like you don't care.
-                   | I need milk and bread.
-                   | I need you to clean the kitchen.
-                   | I'd like a coffee.
-                   | I got lost in the city.
-                   | I feel like pizza.
-                   | I'm hungry.
-                   | I was hurt in an accident.
-                   | He felt sad.
label               | I feel that you are selfish.
softened            | Could we talk about the weekend?
softened            | Maybe we could take turns.
softened            | I wonder if there is another way.
softened            | Is this a good time?
softened            | Can I ask you something?
softened            | Would you mind if I opened the window?
softened            | How about we go for a walk?
softened            | Would it be okay if I went first?
softened            | When you have a minute, I have a question.
softened i_statement | I'd like to talk about last night.
softened            | what if we try one evening without phones
-                   | Could we just stop this?
-                   | Could you ever listen for once?
-                   | Maybe you should grow up.
-                   | Can we have the bill?
repair              | I'm sorry.
repair              | I am so sorry.
repair              | Sorry about yesterday.
repair              | sorry i interrupted that came out wrong
repair              | Let me try again.
repair              | Can we start over?
repair              | That came out wrong.
repair              | I didn't mean to hurt you.
repair              | You're right about that.
repair repair       | You're right, I was unfair.
repair              | Let's take a break.
repair              | Let's take a short break and come back.
repair              | I take that back.
repair              | I shouldn't have yelled.
repair              | I apologise for yesterday.
repair              | Please forgive me.
-                   | I'm sorry but you started it first.
-                   | I'm sorry, but you wanted this.
-                   | I'm sorry you feel that way.
-                   | Sorry?
-                   | Sorry, what?
-                   | Sorry, could you say that again?
-                   | You should be sorry.
-                   | I am not sorry.
-                   | You said you were sorry.
-                   | If you are right, we need a new plan.
-                   | Is it my fault?
-                   | So now it's my fault.
-                   | It's not my fault.
-                   | I felt sorry for him once.
-                   | You never say you're sorry for a film.
absolute            | You never say sorry.
validation          | I'm so sorry to hear that.
validation          | I'm sorry you had such a day.
appreciation        | Thank you.
appreciation        | Thank you for listening.
appreciation        | Thanks for making dinner.
appreciation        | I really appreciate that.
appreciation        | I am grateful for this evening.
appreciation        | I love how you play with the kids.
appreciation        | I'm proud of you.
appreciation        | That means a lot.
appreciation        | I love you.
appreciation        | You helped me so much last week.
-                   | Thanks a lot.
-                   | Thanks for nothing.
-                   | No, thank you.
-                   | No thanks.
-                   | I don't appreciate that.
-                   | You love me.
absolute            | You never thought of me as kind.
-                   | I love you, but I am leaving.
softened            | I would appreciate it if we could talk about it.
validation          | I understand.
validation          | I understand that it was a long day.
validation          | That makes sense.
validation          | I can see why you were upset.
validation          | I hear you.
validation          | That must have been hard.
validation          | that must be really hard for you
validation          | Of course you're tired.
validation          | Fair enough.
validation          | It's okay to cry.
validation          | No wonder you were tired.
validation          | I would feel the same.
-                   | I don't understand.
-                   | I can't see why.
-                   | You don't understand.
-                   | Do you understand?
-                   | I understand, but you still left.
-                   | That must be the postman.
-                   | I hear you are moving to Leeds.
-                   | Does that make sense?
-                   | I want to be sure that I understand.
question            | How was that for you?
question            | What do you need?
question            | What would help?
question            | what do you need from me
question            | Can you tell me more?
question            | How are you?
question            | How do you feel about it?
question            | What happened then?
question            | Do you want to talk about it?
question            | Would you like to go first?
question            | Are you okay?
question            | Tell me more.
question            | What was it like for you?
-                   | What is wrong with you?
-                   | Why can't you ever be nice?
-                   | Are you serious?
-                   | Who do you think you are?
-                   | How could you?
-                   | What do you want from me?
-                   | What were you thinking?
-                   | How dare you?
-                   | It's cold, isn't it?
-                   | How many times do I have to say it?
-                   | You know?
-                   | What I like is the garden.
-                   | Do you even care?
-                   | Do you even like me?
absolute            | What do you need, you never help?
paraphrase          | What I hear is that the evenings are hard.
paraphrase          | What I'm hearing is you need a rest.
paraphrase          | So you're saying that it was too loud.
paraphrase          | If I understand you, the mornings are the problem.
paraphrase          | You mean that you would rather stay?
paraphrase          | So for you it's about the money.
paraphrase          | It sounds like you had no choice.
paraphrase          | sounds like you had a long day
question            | What do you mean?
-                   | So you're saying I'm crazy.
-                   | So you went to the shop.
-                   | So you were at the office.
disclosure          | I've never told anyone about this.
disclosure          | I have never said this out loud.
disclosure i_statement | I'm scared of losing us.
disclosure i_statement | I feel so alone.
disclosure i_statement | I am ashamed of it.
disclosure          | I cried in the car.
disclosure          | It still hurts.
disclosure          | This is really hard for me to say.
disclosure          | I miss you.
disclosure          | I miss my dad.
disclosure          | My father died in spring.
disclosure          | I hate myself for it.
-                   | I'm afraid not.
-                   | I'm afraid I can't come.
-                   | I missed the bus.
-                   | I am alone at home tonight.
-                   | My phone died.
-                   | I don't miss it.
-                   | That's hard to say.
-                   | The trip to the coast takes two hours.
-                   | We had soup, and then the others came.
# Look-alikes, one at least for every exemption and every opener of the language file.
-                   | You always forget the words and make me laugh.
-                   | You never do anything for yourself.
-                   | You always do this for me.
-                   | You always forget how strong you are.
-                   | You never have time to rest.
-                   | You never did anything wrong.
-                   | Can you fold it the way you always do it?
-                   | You are crazy, in a good way.
-                   | You are spoiled for choice here.
-                   | You are hopeless at chess, and so am I.
-                   | You are the worst off in this deal.
-                   | You are so mean to yourself.
-                   | What kind of partner are you looking for?
-                   | You made me cry with joy.
-                   | It's your fault that I am so happy.
-                   | Because of you I could not stop laughing.
-                   | I am not alone because of you.
-                   | Thanks to you I did not fail.
-                   | I lost weight because of you.
-                   | If you had not spent that summer here we would never have met.
-                   | I was late because of the traffic, not because of you.
-                   | You spoiled me for other cooks.
-                   | You say that I am jealous.
-                   | If I was upset I would tell you.
-                   | I wish you would just leave.
-                   | I got hurt on the stairs.
-                   | I need help with the boxes.
-                   | Would you mind your own business?
-                   | I wonder if you ever think of me.
-                   | I'm sorry I even asked.
-                   | You are right, but you still left.
-                   | Forgive me, but that was a lot of noise.
-                   | Sorry to bother you.
-                   | I'm sorry to say this.
-                   | I'm sorry for her.
-                   | I'm sorry, what was that?
-                   | I'm sorry, I can't come.
-                   | I did not listen to the news.
-                   | I don't mean to pry.
-                   | He said I'm sorry.
-                   | It's my fault?
-                   | You think it's my fault.
-                   | Perhaps you are right.
-                   | Tell me if I was wrong.
-                   | Thanks, genius.
-                   | Oh great, thanks.
-                   | I can do it myself, thank you.
-                   | Thanks for ruining the evening.
-                   | I love how you just ignore me.
-                   | Thanks to the rain we stayed in.
absolute            | You never say thank you.
-                   | Thank you very much, but I can do it.
-                   | You are kind, but it's late.
-                   | If you were kind you would wait.
-                   | You think you are amazing.
-                   | I understand that you are always out.
-                   | Of course you would say that.
-                   | Of course you are late.
-                   | No wonder you are late.
-                   | Anyone would think this is a hotel.
-                   | That makes sense?
-                   | I hear that you are moving.
-                   | How would you like it if I did that?
-                   | How do you think that was?
-                   | What did you expect?
-                   | What did you think you were doing?
-                   | So you were late.
-                   | What are you looking at?
question            | What are you thinking?
-                   | What makes you think so?
-                   | What happened to you?
-                   | Where do you get that from?
-                   | Do you want to fight?
-                   | Are you happy now?
-                   | Will you ever tell me?
-                   | Would you just tell me?
-                   | Would you like me to leave?
-                   | Can I do anything right?
-                   | Have you ever thought about someone else?
-                   | Can you tell me why?
-                   | What do you say?
-                   | What did you say?
-                   | Tell me about it.
-                   | Would you like some tea?
-                   | Is there something wrong with you?
-                   | You mean it?
question            | Do you mean it?
question            | What do you mean it is over?
-                   | You say you are lazy.
-                   | It sounds like you don't care.
-                   | Does it hurt?
-                   | It hurts?
i_statement         | I am scared of spiders.
-                   | You think I am scared.
-                   | I never told you that you could not go.
-                   | He died in the film.
-                   | People always say you never listen.
-                   | Tell her you never listen.
-                   | He was like, you never listen.
-                   | It makes you feel you are useless.
-                   | It made you feel you are useless.
-                   | I am afraid you never listen.
-                   | Imagine you never help me.
-                   | I say you are lazy when I joke.
-                   | Nobody says you never help.
-                   | No one thinks you are selfish.
-                   | I doubt you never listen.
-                   | I want a hug instead of you never help.
-                   | Whether you always forget it is not the point.
appreciation        | I like it when you always do this.
appreciation        | I am so glad you made me do this.
-                   | He shouted you never listen.
-                   | The song goes you never listen to me.
-                   | I would thank you for that, if it had worked.
-                   | How was the film, she asked.
-                   | Did I get that, is there a train at nine?
softened            | Would you like to hear how I see it?
-                   | Do you want some tea?
-                   | I cried laughing.
-                   | It hurts to run in these shoes.
-                   | Back then you always forgot, you never listened.
-                   | Years ago you never listened.
-                   | As a kid you never listened.
-                   | In high school you never listened.
absolute i_statement | I feel sad when you leave, because you never ask me.
blame repair        | I'm sorry, it was late, and you ruined the dinner.
absolute label blame | You never help, you are selfish, it's all your fault.
appreciation question | Thank you for coming, how was your day?
repair softened     | I'm sorry, could we talk about it again?
"""


def labelled() -> list[tuple[str, list[str]]]:
    rows = [line.split("|", 1) for line in LABELLED.strip().splitlines() if not line.startswith("#")]
    return [(text.strip(), sorted(kinds.replace("-", "").split())) for kinds, text in rows]


def heard(
    text: str, speaker: Speaker = Speaker.A, start: float = 0, seconds: float = 5, doubtful: str | None = None
) -> WordsHeard:
    segment = Segment(round(start * 16000), round((start + seconds) * 16000))
    words = tuple(Word(word) for word in text.split())
    return WordsHeard(Utterance(0, speaker, segment), "test", words, doubtful)


def kinds_in(text: str) -> list[str]:
    return sorted(phrase.kind.value for phrase in Lens(ENGLISH).process(heard(text)))


@pytest.mark.parametrize(("text", "expected"), labelled())
def test_finds_these_kinds_and_no_others(text: str, expected: list[str]) -> None:
    assert kinds_in(text) == expected


def test_labelled_sentences_cover_every_kind() -> None:
    found = [kind for _, kinds in labelled() for kind in kinds]
    assert len(labelled()) >= 200
    assert {kind for kind in PhraseKind if found.count(kind) < 5} == {PhraseKind.DEMAND}


# Look-alikes of a demand; each is said four times.
NO_DEMANDS = """
Answer the phone please.
Put the phone away, please.
Take the last one if you like.
Will you be home tonight?
You should maybe call her.
Are you going to work tomorrow?
Leave me alone.
Give me a minute.
Listen to me.
You need to listen now.
I need you to hear this.
Quit shouting at them.
Stop shouting at them.
Let us wait here.
Tell me more about him.
Tell me what happened there.
Help me understand the plan.
Say more about that.
Go on with the story.
Come on, the film starts.
Sit down next to her.
Stay with the children.
Take your time with dinner.
Call me when the train arrives.
Look at that, snow.
Do you want soup?
Put it this way, the summer was long.
Talk to you on Friday.
Get well before Friday.
Give it a try.
Could you close the window?
Would you mind turning the music down?
I close the window at night.
If you clean the window it helps.
"""


@pytest.mark.parametrize("text", NO_DEMANDS.strip().splitlines())
def test_no_demand_however_often(text: str) -> None:
    lens = Lens(ENGLISH)
    for start in range(0, 80, 20):
        found = lens.process(heard(text, start=start))
        lens.process(heard("I do not know about that.", Speaker.B, start=start + 10))
        assert PhraseKind.DEMAND not in {phrase.kind for phrase in found}


def lines(text: str) -> list[str]:
    return [sentence.line for sentence in split_sentences(ENGLISH, text.split())]


@pytest.mark.parametrize("kind", PhraseKind)
def test_every_exemption_spares_a_labelled_sentence(kind: PhraseKind) -> None:
    rules = ENGLISH.phrases[kind]
    sentences = [*(text for text, _ in labelled()), *(case.text for case in lens.cases_of("en", lens.OPEN))]
    texts = NO_DEMANDS.strip().splitlines() if kind is PhraseKind.DEMAND else sentences
    spans = {
        line: [m.span() for pattern in rules.patterns + rules.weak for m in pattern.finditer(line)]
        for text in texts
        for line in lines(text)
    }
    for exempt in rules.exempt:
        overlaps = [
            any(start < m.end() and m.start() < end for m in exempt.finditer(line) for start, end in found)
            for line, found in spans.items()
        ]
        assert any(overlaps), exempt.pattern


def test_every_opener_spares_a_sentence_of_these_tests() -> None:
    said = [line for text, _ in labelled() for line in lines(text)]
    useful = {
        opener
        for rules in ENGLISH.phrases.values()
        for opener in rules.openers
        for line in said
        for opened in opener.finditer(line)
        for pattern in rules.patterns
        if any(found.start() > opened.start() for found in pattern.finditer(line))
    }
    assert [o.pattern for rules in ENGLISH.phrases.values() for o in rules.openers if o not in useful] == []


# Where a sentence and a clause end, and what is shown of them


def found_in(text: str) -> list[Phrase]:
    return list(Lens(ENGLISH).process(heard(text)))


def test_shows_the_sentence_and_the_words_as_written() -> None:
    [phrase] = found_in("It was late. Honestly, you\u2019re so SELFISH, Tom! I went to bed.")
    assert (phrase.kind, phrase.speaker) == (PhraseKind.LABEL, Speaker.A)
    assert (phrase.text, phrase.match) == ("Honestly, you\u2019re so SELFISH, Tom!", "you\u2019re so SELFISH")


def test_one_finding_of_a_kind_in_a_clause() -> None:
    assert kinds_in("You never listen you never help.") == ["absolute"]
    assert kinds_in("You never listen, and you never help.") == ["absolute", "absolute"]


def test_a_contrast_ends_what_was_only_reported() -> None:
    assert kinds_in("You said I was late, and you never help.") == []
    assert kinds_in("You said I was late but you never help.") == ["absolute"]


def test_what_is_said_back_is_not_the_speakers_own() -> None:
    assert kinds_in("What I hear is that you never get help, that it is your fault.") == ["paraphrase"]
    assert kinds_in("What I hear is that you need rest, but you never help.") == ["absolute", "paraphrase"]


def test_a_long_text_without_full_stops_is_cut_at_its_clauses() -> None:
    text = "we were at the table and the soup was cold and the bread was old but " * 4 + "you never listen to me"
    [phrase] = found_in(text)
    assert phrase.kind is PhraseKind.ABSOLUTE
    assert phrase.text.endswith("but you never listen to me")
    assert len(phrase.text.split()) <= 30


def test_thirty_words_are_one_sentence() -> None:
    half = "you never listen to me when we sit here and eat the soup"
    assert len(lines(f"{half} but {half} at five okay")) == 1
    assert len(lines(f"{half} but {half} at five okay now")) == 2


def test_a_word_is_never_cut_in_two() -> None:
    [phrase] = found_in("well " * 28 + "you never listen-but you went there")
    assert phrase.match == "you never listen-but"
    assert last_words(ENGLISH, "we went home " * 9 + "there-but we-because") == "we went home there-but"


def test_a_hesitation_ends_no_sentence() -> None:
    assert kinds_in("I don't think... you never listen.") == []
    assert kinds_in("I don't think so. You never listen.") == ["absolute"]


@pytest.mark.parametrize(
    "text", ["um you uh never erm listen", "You, you never listen", "YOU NEVER LISTEN", "you never… listen"]
)
def test_hesitations_and_capitals_change_nothing(text: str) -> None:
    assert kinds_in(text) == ["absolute"]


# When it was said


def test_time_of_a_word_where_it_is_known() -> None:
    words = (
        Word("Well", Segment(100, 900)),
        Word("you", Segment(1000, 1200)),
        Word("never listen", Segment(1300, 2000)),
    )
    event = WordsHeard(Utterance(0, Speaker.B, Segment(0, 3000)), "test", words)
    [phrase] = Lens(ENGLISH).process(event)
    assert (phrase.at_sample, phrase.speaker) == (1000, Speaker.B)


def test_time_by_the_place_in_the_utterance_where_it_is_not() -> None:
    [phrase] = Lens(ENGLISH).process(heard("And so it is: you never ever listen.", start=10, seconds=8))
    assert phrase.at_sample == 14 * 16000


def test_times_stay_inside_the_utterance() -> None:
    words = (
        Word("you", Segment(1, 2)),
        Word("never"),
        Word("listen."),
        Word("You"),
        Word("never"),
        Word("help.", Segment(9999, 9999)),
    )
    event = WordsHeard(Utterance(0, Speaker.A, Segment(1000, 1600)), "test", (*words, Word("You"), Word("lie")))
    assert [phrase.at_sample for phrase in Lens(ENGLISH).process(event)] == [1000, 1225]
    late = (Word("thanks", Segment(5000, 5100)),)
    [phrase] = Lens(ENGLISH).process(WordsHeard(Utterance(0, Speaker.A, Segment(1000, 1600)), "test", late))
    assert phrase.at_sample == 1599


def test_phrases_come_in_order() -> None:
    kinds = [phrase.kind for phrase in found_in("Thank you. You are lazy. I feel sad. You never listen.")]
    assert kinds == [PhraseKind.APPRECIATION, PhraseKind.LABEL, PhraseKind.I_STATEMENT, PhraseKind.ABSOLUTE]


# Doubtful words, and nobody's


def test_doubtful_words_give_nothing_and_are_forgotten() -> None:
    lens = Lens(ENGLISH)
    assert lens.process(heard("You never listen.", doubtful="hardly any speech")) == ()
    lens.process(heard("The nights were cold and lonely.", Speaker.B, doubtful="hardly any speech"))
    assert lens.process(heard("So you were cold and lonely.", start=10)) == ()


def test_words_that_may_be_another_s_give_nothing_and_are_forgotten() -> None:
    event = heard("You never listen. I feel sad. Please put the phone away.")
    unsure = replace(event, utterance=replace(event.utterance, sure=False))
    assert Lens(ENGLISH).process(event) != ()
    lens = Lens(ENGLISH)
    assert [lens.process(unsure) for _ in range(3)] == [()] * 3
    assert not any(phrase.kind is PhraseKind.DEMAND for phrase in lens.process(event))


def test_the_memory_of_a_long_talk_stays_small() -> None:
    lens = Lens(ENGLISH)
    for start in range(0, 3600, 10):
        lens.process(heard("Put the phone away.", (Speaker.A, Speaker.B)[start // 10 % 2], start=start))
    for recent in lens._recent.values():
        assert len(recent.heard) <= 16
        assert len(recent.requests) <= 16


def test_an_unknown_voice_gives_nothing() -> None:
    assert Lens(ENGLISH).process(heard("You never listen.", Speaker.UNKNOWN)) == ()


def test_no_words_give_nothing() -> None:
    assert Lens(ENGLISH).process(heard("")) == ()
    assert Lens(ENGLISH).process(heard("... - ?")) == ()


# Paraphrases by the other's words


def said_back(
    said: str, back: str, after: float = 10, by: Speaker = Speaker.B, options: LanguageOptions | None = None
) -> bool:
    lens = Lens(ENGLISH, options)
    lens.process(heard(said, by, start=0, seconds=5))
    return PhraseKind.PARAPHRASE in {phrase.kind for phrase in lens.process(heard(back, start=5 + after))}


def test_a_weak_opener_counts_with_the_others_words() -> None:
    assert said_back("I was so tired after the shift and the kitchen was dirty.", "So you were tired after your shift.")
    assert said_back("Leaving the house was bad.", "You felt bad when leaving the house?")
    assert not said_back("I was so tired after the shift.", "So you were at the office with Ben.")
    assert not said_back("I was so tired after the shift.", "So you were tired after your shift.", by=Speaker.A)


def test_words_said_back_are_compared_without_their_endings() -> None:
    assert said_back("He keeps closing doors loudly.", "So you wish he closed the door.")


def test_a_paraphrase_needs_half_of_its_words_from_the_other() -> None:
    said = "The garden and the roof worry me."
    assert said_back(said, "So you wish the garden and roof stayed.")
    assert not said_back(said, "So you wish the garden and roof stayed dry.")


def test_a_paraphrase_needs_two_words_of_the_other() -> None:
    assert not said_back("I was tired.", "So you were tired.")
    assert said_back("I was tired of rain.", "So you were tired of rain.")


def test_what_the_other_said_long_ago_is_no_paraphrase() -> None:
    said, back = "I was tired of rain.", "So you were tired of rain."
    assert said_back(said, back, after=60)
    assert not said_back(said, back, after=61)


def test_a_paraphrase_frees_the_others_sharp_words() -> None:
    lens = Lens(ENGLISH)
    lens.process(heard("Nobody helps in the kitchen, the dishes are a fight.", Speaker.B))
    found = lens.process(heard("So you feel nobody helps with dishes, and you always forget them.", start=10))
    assert [phrase.kind for phrase in found] == [PhraseKind.PARAPHRASE]


# Demands

WHAT = "Just tell me what is going on."
PHONE = "Put your phone away."
ALIKE = ("Put your phone away.", "Just put that phone away now!", "Why don't you put the phone away?")


def demands(*said: tuple[float, Speaker, str], options: LanguageOptions | None = None) -> list[float]:
    """Seconds at which a demand was found."""
    lens = Lens(ENGLISH, options)
    found = [phrase for at, who, text in said for phrase in lens.process(heard(text, who, start=at, seconds=2))]
    return [phrase.at_sample / 16000 for phrase in found if phrase.kind is PhraseKind.DEMAND]


A, B = Speaker.A, Speaker.B


def test_the_third_time_is_a_demand() -> None:
    assert demands((0, A, ALIKE[0]), (100, A, ALIKE[1]), (200, A, ALIKE[2])) == [200]


def test_pressing_for_an_answer_is_a_demand() -> None:
    assert demands((0, A, WHAT), (4, B, "Nothing is going on."), (8, A, WHAT)) == [8]


def test_the_third_time_only_within_the_window() -> None:
    assert demands((0, A, PHONE), (150, A, PHONE), (300, A, PHONE)) == [300]
    assert demands((0, A, PHONE), (150, A, PHONE), (301, A, PHONE)) == []


def test_the_second_time_is_a_demand_in_a_hurry_and_after_an_answer() -> None:
    answer = (10, B, "I am reading something.")
    assert demands((0, A, PHONE), answer, (30, A, PHONE)) == [30]
    assert demands((0, A, PHONE), answer, (31, A, PHONE)) == []
    assert demands((0, A, PHONE), (30, A, PHONE)) == []


def test_said_again_on_request_is_no_demand() -> None:
    for asked in ("What?", "Sorry?", "I didn't hear you.", "Say that again?", "what did you say"):
        assert demands((0, A, PHONE), (5, B, asked), (10, A, PHONE)) == []


def test_two_people_asking_the_same_is_no_demand() -> None:
    assert demands((0, A, PHONE), (100, B, PHONE), (200, A, PHONE)) == []


def test_different_requests_are_no_demand() -> None:
    assert (
        demands((0, A, "Put your phone away."), (50, A, "Put your shoes down."), (90, A, "Put the phone on loud."))
        == []
    )


def test_how_alike_requests_have_to_be() -> None:
    third = (200, A, PHONE)
    assert demands((0, A, PHONE), (100, A, "Put your phone away upstairs tonight."), third) == [200]  # Dice 0.75
    assert demands((0, A, PHONE), (100, A, "Put your phone down."), third) == []  # Dice 0.67


def test_once_in_an_utterance() -> None:
    assert demands((0, A, f"{PHONE} {PHONE} {PHONE} {PHONE}")) == []
    assert len(demands((0, A, PHONE), (100, A, PHONE), (200, A, f"{PHONE} {PHONE}"))) == 1
    assert demands((0, A, f"{PHONE} {PHONE}"), (100, A, PHONE)) == []


def test_a_reported_request_is_no_demand() -> None:
    assert demands(*((at, A, "She said you need to clean the kitchen.") for at in (0, 50, 100, 150))) == []


# Options


def test_options_have_bounds() -> None:
    with pytest.raises(ValueError, match=r"demand_similarity is 1\.5"):
        LanguageOptions(demand_similarity=1.5)
    with pytest.raises(ValueError, match="demand_window_seconds is 5"):
        LanguageOptions(demand_window_seconds=5)


def test_options_are_obeyed() -> None:
    twice = ((0.0, A, PHONE), (100.0, A, PHONE))
    assert demands(*twice, options=LanguageOptions(demand_repetitions=1)) == [100]
    said, back = "I was tired of rain.", "So you were tired of rain."
    assert not said_back(said, back, options=LanguageOptions(paraphrase_common_words=3))


# What a text is


LISTENING = """
Mm-hm.
mhm
Mm-hmm, yeah.
Yeah.
yeahhh
Right, right.
I see.
Uh-huh.
Okay.
Oh, really?
Wow.
sure, exactly
Oh. I see. Yeah. Right.
Mmm.
That makes sense.
"""


@pytest.mark.parametrize("text", LISTENING.strip().splitlines())
def test_listening(text: str) -> None:
    assert is_backchannel(ENGLISH, text)


MORE_THAN_LISTENING = """
No.
You.
Yeah, but I was there.
I see him.
yeah yeah yeah yeah yeah
Right here.
...
Stop it.
okay then why
"""


@pytest.mark.parametrize("text", ["", *MORE_THAN_LISTENING.strip().splitlines()])
def test_more_than_listening(text: str) -> None:
    assert not is_backchannel(ENGLISH, text)


UNFINISHED = """
I went out because I
and then the
It was my
I wanted, um,  because
so they
And then I went to
in the middle of
I was at work and.
we were going to the.
I was just
he was beca-
If it
"""


@pytest.mark.parametrize("text", UNFINISHED.strip().splitlines())
def test_unfinished(text: str) -> None:
    assert is_unfinished(ENGLISH, text)


FINISHED_OR_UNSURE = """
I don't want to.
That is what I was thinking of.
Where are you from?
I love her.
What are you into?
Just because.
I think so.
It was late.
Come with me.
He stayed for a while.
And you?
And then?
-
I know what it is.
who I am
"""


@pytest.mark.parametrize("text", ["", *FINISHED_OR_UNSURE.strip().splitlines()])
def test_finished_or_unsure(text: str) -> None:
    assert not is_unfinished(ENGLISH, text)


@pytest.mark.parametrize("text", ["Where are you from?", "I was late. Are you angry?", "And you?"])
def test_a_question_is_asked_to_its_end(text: str) -> None:
    assert ends_in_question(ENGLISH, text)


@pytest.mark.parametrize("text", ["", "I was late.", "Are you angry? I was late.", "Did you call my?", "What if I?"])
def test_no_question_or_not_to_its_end(text: str) -> None:
    assert not ends_in_question(ENGLISH, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We came home late. I was so scared because I", "I was so scared"),
        ("and yesterday I wanted to tell you", "I wanted to tell you"),
        ("and then the doctor told me that the", "the doctor told me that"),
        ("It was raining, and my sister called, um, beca-", "and my sister called"),
        ("when I came home", "when I came home"),
        ("I was thinking about the garden all day long when Ben called", "when Ben called"),
        ("Coming home was hard.", "Coming home was hard"),
        ("I\u2019m so tired", "I\u2019m so tired"),
    ],
)
def test_last_words_begin_and_end_sensibly(text: str, expected: str) -> None:
    assert last_words(ENGLISH, text) == expected


UNFIT = """
And then the
because I
You never listen to me
I think you are selfish
it is your fault
I hate this house
when you came home
He is such an idiot
so so so
Right.
beca-
[blank audio]
(laughs) I (coughs) went
we could get a divorce
she ran upstairs very quickly holding oranges
"""


@pytest.mark.parametrize("text", ["", *UNFIT.strip().splitlines()])
def test_no_last_words_rather_than_unfit_ones(text: str) -> None:
    assert last_words(ENGLISH, text) is None


def test_last_words_are_few() -> None:
    text = "I think that it was good when we sat outside"
    assert last_words(ENGLISH, text, 3) == "we sat outside"
    assert last_words(ENGLISH, text, 4) == "when we sat outside"
    assert last_words(ENGLISH, text, 12) == last_words(ENGLISH, text, 5) == "when we sat outside"


# Any text

SOME_WORDS = """
you never always listen are lazy so selfish I feel sad sorry , but . ? ! ... - thank because of your fault what if said
put the phone away mm-hm don't you\u02bcre \u201cyou\u201d {name} \u0130 1.5 [noise] \u2014
"""
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(SOME_WORDS.split()), max_size=60).map(" ".join))


@given(st.lists(st.tuples(TEXTS, st.sampled_from(Speaker), st.integers(0, 10**7), st.integers(0, 10**6)), max_size=4))
def test_any_text_is_taken_and_times_lie_inside(utterances: list[tuple[str, Speaker, int, int]]) -> None:
    lens = Lens(ENGLISH)
    for text, speaker, start, samples in utterances:
        segment = Segment(start, start + samples)
        event = WordsHeard(Utterance(0, speaker, segment), "test", (Word(text),))
        for phrase in lens.process(event):
            assert start <= phrase.at_sample < max(start + samples, start + 1)
            assert phrase.match
            assert phrase.match in phrase.text
            assert phrase.speaker is speaker


@given(TEXTS)
def test_any_text_can_be_judged(text: str) -> None:
    is_backchannel(ENGLISH, text)
    is_unfinished(ENGLISH, text)
    words = last_words(ENGLISH, text)
    assert words is None or 2 <= len(words.split()) <= 5
