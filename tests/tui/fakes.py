"""An inspection service without a network: hand-made snapshots, answered when the test says so.

Everything it hands out is made by formulas, so that a picture drawn from it is the same on every
machine. ``FakeService.held`` names the kinds of request that stay unanswered until the test
answers, fails or cancels them one by one; all others are answered at once.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bertscope_tui.analysis.phase_scores import PHASES
from bertscope_tui.analysis.phases import Phases, normalised
from bertscope_tui.analysis.projection import METHODS, Projection, Recipe, layer_order
from bertscope_tui.data.catalog import DatasetEntry
from bertscope_tui.data.records import Answer, Dataset, Origin, QASample, Span
from bertscope_tui.engine.answers import Candidate, Prediction
from bertscope_tui.engine.encoding import Token, Window
from bertscope_tui.engine.jobs import (
    Engine,
    Event,
    Job,
    JobEnded,
    JobProgress,
    JobResult,
    JobStarted,
    Priority,
)
from bertscope_tui.engine.roles import assign_roles, sentence_ids
from bertscope_tui.engine.scoring import ReadOptions, SampleScore, Scores
from bertscope_tui.inspection.beside import BesideOpened, ComparisonDone, PairReady, PicturesBeside
from bertscope_tui.inspection.comparing import Comparison
from bertscope_tui.inspection.lens import NO_HEAD, Agreement, Lens
from bertscope_tui.inspection.marking import SamplesScored
from bertscope_tui.inspection.phase_search import PhasesAdvanced, PhaseSearch, PhasesEnded
from bertscope_tui.inspection.probe_run import ProbeNews, ProbeRequest, Probing
from bertscope_tui.inspection.scanning import (
    DataSource,
    ScanAdvanced,
    ScanEnded,
    ScanMarks,
    Scanning,
)
from bertscope_tui.inspection.service import (
    CatalogListed,
    DatasetOpened,
    Derived,
    ExtractionDone,
    ModelOpened,
    ProjectionReady,
)
from bertscope_tui.inspection.snapshots import (
    Extraction,
    PictureChoice,
    Pictures,
    WindowPlace,
)
from bertscope_tui.models.catalog import ModelEntry
from bertscope_tui.models.loading import ModelInfo
from bertscope_tui.scans.scan import ScanRequest

_WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty"),
    *("kiosk", "larch", "maple", "north", "otter", "pearl", "quill", "river", "stone", "tower"),
    *("umber", "vivid", "water", "xenon", "yield", "zebra"),
)
_PER_SENTENCE = 8


def sample_of(
    number: int = 0,
    *,
    words: int = 24,
    question: str | None = None,
    context: str | None = None,
    sample_id: str | None = None,
    answers: Sequence[str] | None = None,
) -> QASample:
    """Return a sample with ``words`` words in sentences of eight; the gold answer is word 3."""
    if context is None:
        chosen = [_WORDS[(number * 5 + place * 3) % len(_WORDS)] for place in range(words)]
        context = " ".join(
            word + ("." if (place + 1) % _PER_SENTENCE == 0 else "")
            for place, word in enumerate(chosen)
        )
    found = list(re.finditer(r"\S+", context))
    starts = [found[place].start() for place in range(0, len(found), _PER_SENTENCE)]
    sentences = tuple(
        Span(start, end) for start, end in zip(starts, [*starts[1:], len(context)], strict=True)
    )
    if answers is None:
        word = found[min(3, len(found) - 1)]
        gold = (Answer(word.group().rstrip("."), Span(word.start(), word.end())),)
    else:
        gold = tuple(Answer(text) for text in answers)
    return QASample(
        id=f"s{number}" if sample_id is None else sample_id,
        question=f"Where is thing {number} ?" if question is None else question,
        context=context,
        answers=gold,
        sentences=sentences,
        supporting=sentences[:1],
        origin=Origin("made/samples.jsonl", f"line {number + 1}"),
    )


def dataset_of(
    samples: Sequence[QASample] | int = 6,
    *,
    name: str = "samples",
    path: str = "made/samples.jsonl",
) -> Dataset:
    """Return a data set of these samples, or of so many made-up ones."""
    made = [sample_of(n) for n in range(samples)] if isinstance(samples, int) else samples
    return Dataset(name=name, path=path, format="jsonl", variant=None, samples=tuple(made))


def model_info(name: str = "toy", *, layers: int = 12, head: str | None = "span") -> ModelInfo:
    """Return the description of a model that does not exist."""
    return ModelInfo(
        name=name,
        path=f"made/{name}",
        architecture="ToyForQuestionAnswering",
        model_type="toy",
        layers=layers,
        hidden_size=8,
        head=head,  # type: ignore[arg-type]
        base=None,
        device="cpu",
        dtype="float32",
        max_tokens=512,
        parameters=1000,
        bytes=4000,
        labels=("no", "yes") if head == "classification" else (),
    )


def entry_of(info: ModelInfo, *, problem: str | None = None) -> ModelEntry:
    """Return the line of the model picker for a model."""
    return ModelEntry(
        name=info.name,
        source="bundled",
        path=Path(info.path),
        architecture=info.architecture,
        model_type=info.model_type,
        layers=info.layers,
        hidden_size=info.hidden_size,
        head=info.head,
        base=None,
        bytes=info.bytes,
        score=None,
        problem=problem,
    )


def _tokens(sample: QASample, start: int, end: int) -> tuple[Token, ...]:
    made = [Token(0, "[CLS]", "[CLS]", "special", 0, 0)]

    def words(text: str, part: str, low: int, high: int) -> None:
        for word in re.finditer(r"\S+", text[low:high]):
            place = low + word.start(), low + word.end()
            made.append(Token(len(made), word.group(), word.group(), part, *place))  # type: ignore[arg-type]

    words(sample.question, "question", 0, len(sample.question))
    made.append(Token(len(made), "[SEP]", "[SEP]", "special", 0, 0))
    words(sample.context, "context", start, end)
    made.append(Token(len(made), "[SEP]", "[SEP]", "special", 0, 0))
    return tuple(made)


def _window(sample: QASample, index: int, count: int) -> tuple[int, int]:
    """Return the context characters of one of ``count`` windows, cut between words."""
    words = list(re.finditer(r"\S+", sample.context))
    low, high = index * len(words) // count, (index + 1) * len(words) // count
    return words[low].start(), words[high - 1].end()


def _prediction(sample: QASample, wrong: bool, info: ModelInfo) -> Prediction | None:
    if info.head is None:
        return None
    if info.head == "classification":
        best = Candidate("yes", None, 0.75, 0)
        return Prediction("yes", None, 0.75, 0, (best, Candidate("no", None, 0.25, 0)))
    words = list(re.finditer(r"\S+", sample.context))
    chosen = words[min(9, len(words) - 1)]
    span: Span | None = Span(chosen.start(), chosen.end())
    text = chosen.group()
    if not wrong:
        text = sample.answers[0].text if sample.answers else text
        span = sample.answers[0].span if sample.answers else span
    best = Candidate(text, span, 0.75, 0)
    others = tuple(
        Candidate(word.group(), Span(word.start(), word.end()), 0.1, 0) for word in words[:2]
    )
    return Prediction(text, span, 0.75, 0, (best, *others))


def extraction_of(
    sample: QASample,
    info: ModelInfo | None = None,
    *,
    wrong: bool = False,
    window: int | None = None,
    windows: int = 1,
    outlier: bool = False,
) -> Extraction:
    """Return a sample as the model that does not exist sees it."""
    info = info or model_info()
    index = 0 if window is None else window
    start, end = _window(sample, index, windows)
    tokens = _tokens(sample, start, end)
    shown = Window(index, windows, tuple(range(len(tokens))), None, tokens, start, end)
    prediction = _prediction(sample, wrong, info)
    layer, token, dim = np.ogrid[0 : info.layers + 1, 0 : len(tokens), 0:8]
    states = np.sin(token * (dim + 1) * 0.7 + layer * (dim - 3) * 0.31).astype(np.float32)
    scores = None
    if prediction is not None and sample.answers:
        scores = Scores(0.0, 0.25) if wrong else Scores(1.0, 1.0)
    return Extraction(
        model=info,
        dataset="samples",
        sample=sample,
        window=WindowPlace(index, windows, start, end, 0),
        tokens=tokens,
        roles=assign_roles(shown, sample, prediction.span if prediction else None),
        sentences=sentence_ids(shown, sample),
        outliers=(1,) if outlier else (),
        outlier_ratio=7.0 if outlier else 1.0,
        prediction=prediction,
        scores=scores,
        states=states,
    )


def pictures_of(
    extraction: Extraction,
    *,
    special: bool = False,
    outliers: bool = False,
    recipe: Recipe | None = None,
    layers_there: Sequence[int] | None = None,
) -> Pictures:
    """Return pictures whose coordinates come from a formula; no layer looks like another.

    Nor does one method: each turns them by an angle of its own. Of t-SNE there is no variance.
    ``layers_there`` are the layers that are not missing (None: all).
    """
    recipe = recipe or Recipe(aligned=False)
    shown = extraction.shown(special=special, outliers=outliers)
    layers = extraction.layers + 1
    layer, token = np.ogrid[0:layers, 0 : len(shown)]
    turn = token * 2.399 + layer * 0.37 + _angle(recipe)
    radius = 1.0 + 9.0 * token / max(len(shown), 1)
    coordinates = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=-1)
    explained = np.tile([0.5, 0.25], (layers, 1)) - np.arange(layers)[:, None] / 200
    if recipe.method == "tsne":
        explained = np.full_like(explained, np.nan)
    if layers_there is not None:
        missing = [number for number in range(layers) if number not in layers_there]
        coordinates[missing] = np.nan
    projection = Projection(
        recipe,
        coordinates.astype(np.float32),
        explained,
        np.full(layers, 0.9),
        np.array(shown, dtype=np.int64),
    )
    return Pictures(extraction, projection, special, outliers)


def _angle(recipe: Recipe) -> float:
    """Return what tells the methods apart."""
    turned = 0.2 * (recipe.fit == "joint") + 0.1 * (not recipe.aligned)
    return 0.5 * METHODS.index(recipe.method) + turned


def phases_of(extraction: Extraction) -> Phases:
    """Return phases whose scores come from a formula: each is strongest in its part of the layers.

    The layers are shared out among the four in the paper's order.
    """
    count = extraction.layers + 1
    layer = np.arange(count)
    middle = (np.arange(len(PHASES)) + 0.5)[:, None] * count / len(PHASES) - 0.5
    scores = 0.55 + 0.4 * np.exp(-(((layer - middle) / count * 4) ** 2))
    layers = tuple(PHASES[number * len(PHASES) // count] for number in range(count))
    return Phases(scores, normalised(scores), layers, PHASES, PHASES, "")


def lens_of(extraction: Extraction) -> Lens:
    """Return a lens whose answer is the final one in the upper half of the layers."""
    count = extraction.layers + 1
    final = extraction.prediction
    if final is None:
        return Lens((None,) * count, ("unknown",) * count, None, NO_HEAD)
    half = count // 2
    right = extraction.scores is not None and extraction.scores.right
    made: list[Prediction] = []
    for layer in range(count - 1):
        share = 0.05 + 0.7 * layer / count
        first, *others = final.n_best
        if layer < half:
            first, others = others[-1], [first, *others[:-1]]
        best = replace(first, probability=share)
        rest = tuple(replace(one, probability=(1 - share) / 8) for one in others)
        made.append(Prediction(best.text, best.span, share, 0, (best, *rest)))
    agreement: list[Agreement] = ["other"] * half + [("right" if right else "same")] * (
        count - half
    )
    return Lens((*made, final), tuple(agreement), half)


_MADE: dict[str, Callable[[Extraction], object]] = {"phases": phases_of, "lens": lens_of}


@dataclass
class Request:
    """Something the session asked for, and what it would be answered with."""

    kind: str
    job: Job
    answer: Callable[[], Iterable[object]] = field(repr=False)
    what: object = None


class FakeService:
    """`InspectionService` by its public methods; see the module's text."""

    def __init__(
        self,
        post: Callable[[Event], None],
        *,
        datasets: Sequence[Dataset] = (),
        models: Sequence[ModelInfo] = (),
        held: Iterable[str] = (),
        wrong: Iterable[str] = (),
        windows: int = 1,
        outlier: bool = False,
        outlier_beside: bool = False,
        slow: bool = False,
        entries: Sequence[ModelEntry] | None = None,
    ) -> None:
        self._post = post
        self._engine = Engine(post)
        self._numbers = itertools.count(1)
        self.datasets = list(datasets) or [dataset_of()]
        self.models = list(models) or [model_info()]
        self.entries = [entry_of(info) for info in self.models] if entries is None else entries
        self.held = set(held)
        self.wrong = set(wrong)
        self.windows = windows
        self.outlier = outlier
        self.outlier_beside = outlier_beside
        self.slow = slow
        self.info = self.models[0]
        self.requests: list[Request] = []
        self.urgent: list[list[str]] = []
        self.prefetched: list[list[str]] = []
        self.order: list[str] = []
        self.scoring: list[Dataset] = []
        self.left_out: list[set[str]] = []
        self.closed = False
        self.derived: dict[str, object] = {}
        self.opened: Extraction | None = None
        self.scanned: list[tuple[Dataset | DataSource, ScanRequest, str]] = []
        self.scanning: Scanning | None = None
        self.probed: list[ProbeRequest] = []
        self.probing: Probing | None = None
        self.tell_probes: Callable[[ProbeNews], None] = print
        self.searches: list[PhaseSearch] = []
        self.second: FakeBeside | None = None
        self.compared: Comparison | None = None

    # -- what the session calls ----------------------------------------------------------------

    def list_catalogs(self) -> Job:
        """Answer with the models and data sets that the fake was made with."""
        entries = tuple(
            DatasetEntry(one.name, Path(one.path), one.format, ()) for one in self.datasets
        )
        found = CatalogListed(tuple(self.entries), entries)
        return self._ask("catalogs", "looking for models and data", lambda: [found])

    def open_model(self, entry: ModelEntry | str) -> Job:
        """Answer with the model of this name."""
        name = entry if isinstance(entry, str) else entry.name

        def answer() -> list[object]:
            self.info = next(info for info in self.models if name.endswith((info.name, info.path)))
            return [ModelOpened(self.info, entry_of(self.info))]

        return self._ask("model", f"opening {name}", answer, name)

    def open_dataset(self, path: Path, variant: str | None = None) -> Job:
        """Answer with the data set of this path, else the first: it stands for the bundled one."""

        def answer() -> list[object]:
            by_path = {Path(one.path).absolute(): one for one in self.datasets}
            found = by_path.get(path.absolute(), self.datasets[0])
            return [DatasetOpened(replace(found, variant=variant))]

        return self._ask("dataset", f"reading {path.name}", answer, (path, variant))

    def inspect(
        self,
        sample: QASample,
        dataset: Dataset,
        *,
        choice: PictureChoice,
        window: int | None = None,
        first: int | None = None,
    ) -> Job:
        """Answer with the sample's tokens and prediction, then its pictures."""

        def answer() -> Iterable[object]:
            extraction = self.opened = self.extraction(sample, window)
            yield ExtractionDone(extraction)
            yield from self._pictures(extraction, choice, first)

        return self._ask("sample", "extracting", answer, (sample.id, window))

    def reproject(
        self, extraction: Extraction, choice: PictureChoice, *, first: int | None = None
    ) -> Job:
        """Answer with other pictures of the same extraction."""
        return self._ask(
            "project",
            "projecting",
            lambda: self._pictures(extraction, choice, first),
            (choice, first),
        )

    def _pictures(
        self, extraction: Extraction, choice: PictureChoice, first: int | None
    ) -> Iterator[ProjectionReady]:
        """Yield all layers; of a slow fake first one of them, then half of them."""
        count = extraction.layers + 1
        order = layer_order(count, count - 1 if first is None else min(first, count - 1))
        for there in (1, count // 2, count) if self.slow else (count,):
            made = pictures_of(
                extraction,
                special=choice.special,
                outliers=choice.outliers,
                recipe=choice.recipe,
                layers_there=order[:there],
            )
            yield ProjectionReady(made)

    def derive(
        self,
        kind: str,
        title: str,
        work: Callable[[Job, Any], object],
        priority: Priority = Priority.OPEN,
    ) -> Job:
        """Answer with what ``derived`` has for the kind, else with what the work makes.

        The work gets no model: only what needs none can be done here. Phases and the lens are
        made by formulas, for the sample that was inspected last.
        """
        opened = self.opened

        def answer() -> list[object]:
            if kind in self.derived:
                value = self.derived[kind]
            elif kind in _MADE and opened is not None:
                value = _MADE[kind](opened)
            else:
                # Nobody cancels this one: what is asked for late was made in time.
                own = Job(request.job.id, title, priority, request.job._work, self._engine)
                value = work(own, None)
            return [] if value is None else [Derived(kind, value)]

        request = self._request(kind, title, answer, priority=priority)
        if kind not in self.held:
            self.answer(request)
        return request.job

    def prefetch(self, samples: Iterable[QASample], dataset: Dataset) -> None:
        """Write down what would be got ready."""
        self.prefetched.append([sample.id for sample in samples])

    def score_all(self, dataset: Dataset, marked: frozenset[str] = frozenset()) -> None:
        """Write down that scoring began; unless held, every sample gets its marks at once."""
        self.order.append("score_all")
        self.left_out.append(set(marked))
        self.scoring.append(dataset)
        if "scores" not in self.held:
            self.score([sample.id for sample in dataset.samples if sample.id not in marked])

    def score_first(self, sample_ids: Sequence[str]) -> None:
        """Write down what should be scored next."""
        self.urgent.append(list(sample_ids))

    def cancel_scoring(self) -> None:
        """Do nothing: what is scored is up to the test."""

    def scan(self, data: Dataset | DataSource, request: ScanRequest, name: str) -> Scanning:
        """Write down that a scan began; how far it gets is up to the test."""
        self.scanned.append((data, request, name))
        self.scanning = Scanning(self._engine, self._no_model, data, request, name)
        return self.scanning

    def probe(self, request: ProbeRequest, tell: Callable[[ProbeNews], None]) -> Probing:
        """Write down what is to be probed; how far it gets the test says by ``tell_probes``."""
        self.probed.append(request)
        self.tell_probes = tell
        self.probing = Probing(self._engine, self._no_model, request, tell)
        return self.probing

    def find_phases(self, dataset: Dataset, limit: int | None = None) -> tuple[PhaseSearch, Job]:
        """Write down that a search began; how far it gets is up to the test."""
        search = PhaseSearch(self._engine, self._no_model, dataset, ReadOptions(), limit)
        request = self._request("search", "phases", lambda: [], (dataset, limit))
        self.searches.append(search)
        return search, request.job

    def tell_search(self, value: PhasesAdvanced | PhasesEnded) -> None:
        """Post what the latest search has to tell."""
        self._post(JobResult(self.last("search").job.id, value))

    def beside(self) -> FakeBeside:
        """Return a second model that does not exist either."""
        self.second = FakeBeside(self)
        return self.second

    def _no_model(self, *_: object) -> Any:
        raise AssertionError("a fake has no network")

    def close(self, timeout_s: float = 0.5) -> bool:
        """End at once."""
        self.closed = True
        return True

    # -- what the test calls -------------------------------------------------------------------

    def extraction(self, sample: QASample, window: int | None = None) -> Extraction:
        """Return what the open model makes of a sample."""
        return extraction_of(
            sample,
            self.info,
            wrong=sample.id in self.wrong,
            window=window,
            windows=self.windows,
            outlier=self.outlier,
        )

    def last(self, kind: str) -> Request:
        """Return the latest request of a kind."""
        return [request for request in self.requests if request.kind == kind][-1]

    def answer(self, request: Request, *, parts: int | None = None, end: bool = True) -> None:
        """Answer a request, as the engine does: a cancelled one only with its end.

        ``parts`` is how many of the results are posted (None: all).
        """
        job = request.job
        if job.cancelled():
            self._end(job, cancelled=True)
            return
        self._post(JobStarted(job.id, job.title, job.priority))
        for result in itertools.islice(request.answer(), parts):
            self._post(JobResult(job.id, result))
        if end:
            self._end(job)

    def answer_late(self, request: Request) -> None:
        """Post the results although the request was cancelled: they were already on their way."""
        for result in request.answer():
            self._post(JobResult(request.job.id, result))
        self._end(request.job)

    def fail(self, request: Request, message: str) -> None:
        """End a request with an error."""
        self._end(request.job, error=message)

    def score(self, sample_ids: Iterable[str]) -> None:
        """Post the marks of these samples."""
        samples = {sample.id: sample for sample in self.scoring[-1].samples}
        made = []
        for sample_id in sample_ids:
            got = self.extraction(samples[sample_id])
            prediction = got.prediction
            assert prediction is not None
            made.append(SampleScore(sample_id, prediction.text, prediction.probability, got.scores))
        job = next(self._numbers)
        self._post(JobResult(job, SamplesScored(tuple(made))))
        self._post(JobProgress(job, "scoring", len(made), len(samples), Priority.BACKGROUND))

    def tell_scan(self, value: ScanAdvanced | ScanMarks | ScanEnded) -> None:
        """Post what a scan has to tell."""
        self._post(JobResult(next(self._numbers), value))

    def fail_scoring(self, message: str) -> None:
        """End the scoring with an error."""
        job = next(self._numbers)
        self._post(JobEnded(job, "scoring", Priority.BACKGROUND, error=message))

    # -- inside --------------------------------------------------------------------------------

    def _ask(
        self, kind: str, title: str, answer: Callable[[], Iterable[object]], what: object = None
    ) -> Job:
        request = self._request(kind, title, answer, what)
        if kind not in self.held:
            self.answer(request)
        return request.job

    def _request(
        self,
        kind: str,
        title: str,
        answer: Callable[[], Iterable[object]],
        what: object = None,
        *,
        priority: Priority = Priority.OPEN,
    ) -> Request:
        job = Job(next(self._numbers), title, priority, lambda job: None, self._engine)
        request = Request(kind, job, answer, what)
        self.requests.append(request)
        self.order.append(kind)
        return request

    def _end(self, job: Job, *, cancelled: bool = False, error: str | None = None) -> None:
        self._post(JobEnded(job.id, job.title, job.priority, cancelled, error))


class FakeBeside:
    """`Beside` by its public methods, on the requests of a `FakeService`.

    The kinds of its requests are ``second``, ``pair`` and ``compare``; what a comparison finds is
    ``compared`` of the service.
    """

    def __init__(self, service: FakeService) -> None:
        self._service = service
        self.info: ModelInfo | None = None
        self.limits: list[int | None] = []
        self.closed = False

    def open(self, entry: ModelEntry | str) -> Job:
        """Answer with the model of this name."""
        name = entry if isinstance(entry, str) else entry.name

        def answer() -> list[object]:
            infos = self._service.models
            self.info = next(info for info in infos if name.endswith((info.name, info.path)))
            return [BesideOpened(self.info, entry_of(self.info), 5_000_000_000)]

        return self._service._ask("second", f"opening {name}", answer, name)

    def pair(
        self,
        first: Extraction,
        choice: PictureChoice,
        sample: QASample,
        dataset: Dataset,
        *,
        layer: int | None = None,
    ) -> Job:
        """Answer with the sample as both models see it, then with pictures of the second."""
        from bertscope_tui.inspection.pairing import pair

        def answer() -> Iterator[object]:
            outlier = self._service.outlier_beside
            seen = extraction_of(sample, self.info, wrong=True, outlier=outlier)
            other = replace(seen, states=np.cos(seen.states * 3.0).astype(np.float32))
            yield PairReady(pair(first, other))
            for made in self._service._pictures(other, choice, layer):
                yield PicturesBeside(made.pictures)

        return self._service._ask("pair", "extracting beside", answer, (sample.id, choice, layer))

    def compare(self, dataset: Dataset, limit: int | None) -> Job:
        """Answer with what the test has put there."""
        self.limits.append(limit)

        def answer() -> list[object]:
            return [ComparisonDone(self._service.compared)]  # type: ignore[arg-type]

        return self._service._ask("compare", "comparing", answer, limit)

    def close(self) -> None:
        """Write down that the second model was let go."""
        self.closed = True
