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


def test_skipped_records_cost_the_exit_code_only_where_that_is_asked_for(command, tmp_path):
    source = _trec(tmp_path)
    source.write_text(source.read_text() + "no label\n")
    assert command("probe-data", "show", source).code == 0
    done = command("probe-data", "show", source, "--strict", "--json")
    assert done.code == 3
    assert done.json["skipped"] == 1
    assert done.json["problems"][0]["where"] == "train.label: line 61"


def test_all_pairs_are_more_than_the_sample_of_them(command, tmp_path):
    path = tmp_path / "a.conll"
    rows = "".join(f"{n}\tw{n}\t({n % 3})\n" for n in range(9))
    path.write_text(f"# begin document a\n{rows}\n")
    counts = [
        command("probe-data", "show", path, "--task", "coref", "--json", *more).json["labels"]
        for more in ((), ("--all-pairs",))
    ]
    totals = [{label: sum(of.values()) for label, of in one.items()} for one in counts]
    assert totals == [{"false": 9, "true": 9}, {"false": 27, "true": 9}]


def test_the_output_has_the_documented_fields_and_a_file_only_where_one_is_made(command):
    done = command("probe-data", "show", bundled_probe_data("coref"), "--json")
    assert set(done.json) == {
        "schema", "task", "name", "path", "out", "spans", "labels", "examples", "skipped",
        "left_out", "problems",
    }  # fmt: skip
    assert (done.json["schema"], done.json["out"]) == ("bertscope.probe-data/1", None)
    assert (done.json["task"], done.json["spans"], sum(done.json["examples"].values())) == (
        "coref", 2, 310
    )  # fmt: skip


def test_a_limit_and_a_seed_choose_what_is_written(command, tmp_path):
    source, out = _trec(tmp_path), tmp_path / "ques.jsonl"

    def made(*more):
        make = ("probe-data", "make", "ques", "--from", source, "--out", out, "--force")
        assert command(*make, *more).code == 0
        return out.read_text()

    assert len(made("--limit", 20).splitlines()) == 20
    assert made("--seed", 3) == made("--seed", 3) != made("--seed", 4)
    assert '"HUM:ind"' in made("--fine")
    assert '"HUM:ind"' not in made()
