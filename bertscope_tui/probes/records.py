"""What probing one model for one task gave; plain values, without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bertscope_tui.analysis.probing.settings import ProbeSettings
from bertscope_tui.data.probing.records import ProbeTask

Stage = Literal["reading", "states", "probes", "control", "code length", "mix"]
"""What is being worked at: tokens, hidden states, then each kind of probe."""


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """What is to be done with each model and data set.

    ``seeds`` probes are trained on each layer, with seeds from 0 on. ``controls`` asks for the
    control task, code length and mix of layers as well. ``max_tokens`` is the most a window may
    have (None: 512, or what the network takes); ``limit`` the number of examples, spread evenly
    over the data set; ``features_bytes`` what cached states may take on the disk.
    """

    settings: ProbeSettings = field(default_factory=ProbeSettings)
    seeds: int = 3
    controls: bool = True
    max_tokens: int | None = None
    limit: int | None = None
    features_bytes: int = 8 << 30


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are in each part."""

    train: int
    dev: int
    test: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """Scores of saying what most training targets have."""

    macro_f1: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class LayerScore:
    """Scores of the probes of one layer on the test targets, means over seeds, from 0 to 1.

    ``macro_f1_std`` is the standard deviation over seeds (0 for one), ``macro_f1_interval`` the
    95 % interval of the mean by Student's t, None for one seed. ``per_label`` has None for a label
    that occurs nowhere. ``confusion`` counts gold by predicted labels over all seeds, None where
    targets can have several labels. ``selectivity`` is ``accuracy`` less ``control_accuracy``;
    these and ``codelength_bits`` are None where they were not asked for.
    """

    layer: int
    macro_f1: float
    macro_f1_std: float
    macro_f1_interval: tuple[float, float] | None
    macro_f1_seeds: tuple[float, ...]
    micro_f1: float
    accuracy: float
    per_label: dict[str, float | None]
    confusion: tuple[tuple[int, ...], ...] | None = None
    control_accuracy: float | None = None
    selectivity: float | None = None
    codelength_bits: float | None = None


@dataclass(frozen=True, slots=True)
class MixScore:
    """A probe of all layers together: what it takes of each, and how good it is."""

    weights: tuple[float, ...]
    center_of_gravity: float
    center_of_gravity_std: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class ProbeIdentity:
    """What a result is of: hashes of the weights and of the data, and how it was made.

    ``random`` says that the weights were drawn anew. ``options`` is a hash of everything in the
    options that changes a score, see `identity.options_sha256`.
    """

    weights_sha256: str
    random: bool
    data_sha256: str
    task: ProbeTask
    options: str


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Everything that probing one model for one task gave.

    ``examples`` counts texts, ``targets`` labelled spans or pairs of them. ``lost_truncated`` and
    ``lost_untokenised`` are targets left out, see `engine.probe_encoding.Lost`. ``single`` says
    that every target has one label. ``codelength_uniform_bits`` is the code length without a
    model, ``control_seen`` the share of test targets whose words are in training. ``seconds`` are
    those of the states (0 where they were cached) and of all training. ``peak_memory_bytes`` is
    the largest resident size of the process in this time.
    """

    identity: ProbeIdentity
    model: str
    model_path: str
    base: str | None
    data: str
    data_path: str
    created: str
    labels: tuple[str, ...]
    spans: int
    single: bool
    examples: Counts
    targets: Counts
    lost_truncated: int
    lost_untokenised: int
    options: ProbeOptions
    majority: Baseline
    layers: tuple[LayerScore, ...]
    mix: MixScore | None
    codelength_uniform_bits: float | None
    control_seen: float | None
    extract_seconds: float
    train_seconds: float
    peak_memory_bytes: int
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> LayerScore:
        """Return the layer of the highest macro-F1, the lowest of equal ones."""
        return max(self.layers, key=lambda one: (one.macro_f1, -one.layer))


@dataclass(frozen=True, slots=True)
class ProbeProgress:
    """How far the work is: job ``job`` of ``jobs`` (from 0), and within it.

    ``seconds_left`` is for the stage alone; for training at most that, since probes may stop
    before. None where nothing can be said yet.
    """

    model: str
    task: ProbeTask
    data: str
    job: int
    jobs: int
    stage: Stage
    done: int
    total: int
    seconds_left: float | None = None
