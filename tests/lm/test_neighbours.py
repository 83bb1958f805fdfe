from dspnb.lm.neighbours import Neighbours, words


def test_words_are_those_that_tell_something():
    assert words("It doesn't charge, and I've been charged TWICE") == ["charg", "charg", "twic"]


def test_the_text_itself_is_the_most_similar_and_a_strange_one_is_not_similar():
    index = Neighbours(["my parcel is late", "I was charged twice", "the lamp flickers"])

    same = index.similarities("my parcel is late")
    assert same[0] > 0.99
    assert same[0] > max(same[1:])
    assert index.similarities("qqq zzz") == [0.0, 0.0, 0.0]


def test_parts_of_words_count_though_less_than_words():
    index = Neighbours(["charging", "parcel"])

    whole, part = index.similarities("charging")[0], index.similarities("recharge")[0]
    assert whole > part > 0


def test_shared_words_are_shown_as_they_were_written():
    index = Neighbours(["parcels arrived broken", "parcels arrived late"])

    assert index.shared("My PARCEL arrived broken!", 0) == ["broken", "arrived", "parcel"]


def test_no_text_at_all_is_no_error():
    assert Neighbours([]).similarities("anything") == []
    assert Neighbours([""]).similarities("") == [0.0]
