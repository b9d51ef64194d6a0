"""The verb ``probe-data``: from a public format to the program's own, and what is in a file."""

from __future__ import annotations

from bertscope_tui.data.probing.open import bundled_probe_data, open_probe_data


def _trec(tmp_path):
    path = tmp_path / "train.label"
    path.write_text("".join(f"HUM:ind Who is {n} ?\nLOC:city Where is {n} ?\n" for n in range(30)))
    return path


def test_a_file_is_made_that_reads_back_as_the_same_examples(command, tmp_path):
    source, out = _trec(tmp_path), tmp_path / "ques.jsonl"
    done = command("probe-data", "make", "ques", "--from", source, "--out", out, "--json")
    assert done.code == 0, done.err
    made, read = open_probe_data(source, "ques"), open_probe_data(out)
    assert [(one.text, one.targets, one.split) for one in read.examples] == [
        (one.text, one.targets, one.split) for one in made.examples
    ]
    assert sum(done.json["examples"].values()) == 60
    assert {label: sum(of.values()) for label, of in done.json["labels"].items()} == {
        "HUM": 30, "LOC": 30
    }  # fmt: skip


def test_a_file_that_is_there_is_not_written_over(command, tmp_path):
    source, out = _trec(tmp_path), tmp_path / "ques.jsonl"
    out.write_text("mine\n")
    done = command("probe-data", "make", "ques", "--from", source, "--out", out)
    assert done.code == 2
    assert "--force" in done.err
    assert out.read_text() == "mine\n"
    assert (
        command("probe-data", "make", "ques", "--from", source, "--out", out, "--force").code == 0
    )


def test_the_page_counts_labels_by_split(command):
    done = command("probe-data", "show", bundled_probe_data("rel"))
    assert done.code == 0
    assert "Cause-Effect(e1,e2)" in done.out
    assert "2 spans a target" in done.out


def test_what_is_no_probing_data_is_refused_in_one_line(command, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("some words\n")
    done = command("probe-data", "show", path)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
