"""The layer's picture: draws what it is given, knows which token is where, zooms and pans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from bertscope_tui.inspection.overlays import LayerClusters, Trail
from bertscope_tui.inspection.snapshots import Pictures
from bertscope_tui.inspection.views import (
    ColourMode,
    Look,
    Stamp,
    axis_titles,
    legend,
    outlier_words,
    picture_title,
    points,
    stamps,
)
from bertscope_tui.plots.picture import Picture
from bertscope_tui.plots.scatter import Point, Station, scatter
from bertscope_tui.plots.view import View
from bertscope_tui.tui.theming import ink
from bertscope_tui.tui.widgets.line_list import CUT, Run
from bertscope_tui.tui.widgets.wrapping import broken

_ZOOM = 1.5
_PAN = 0.2
_CLOSEST = 200.0


@dataclass(frozen=True, slots=True)
class Over:
    """What is laid over a picture: the layer's clusters, a token's trail; ``note`` is said of it.

    Clusters are for the colour mode that shows them.
    """

    clusters: LayerClusters | None = None
    trail: Trail | None = None
    note: str = ""


class ScatterPane(Widget, can_focus=True):
    """One layer of the open sample.

    Setting anything only marks the picture as stale: it is drawn when the screen asks for its
    lines, so that of many steps between two frames only the last one is drawn.
    """

    ALLOW_MAXIMIZE = True

    class TokenClicked(Message):
        """The user clicked a point or its label; ``token`` is None for empty space."""

        def __init__(self, pane: ScatterPane, token: int | None) -> None:
            super().__init__()
            self.pane = pane
            self.token = token

        @property
        def control(self) -> ScatterPane:
            """The picture that was clicked."""
            return self.pane

    def __init__(self, look: Look, *, id: str = "scatter") -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="pane")
        self.border_title = "picture"
        self._look = look
        self._pictures: Pictures | None = None
        self._layer = 0
        self._mode: ColourMode = "roles"
        self._over = Over()
        self._highlighted: tuple[int, ...] = ()
        self._all_labels = True
        self._zoom = 1.0
        self._offset = (0.0, 0.0)
        self._message = ""
        self._head = ""
        self._picture: Picture | None = None
        # By the clusters of a layer: None without any, when all layers look alike.
        self._stamps: dict[LayerClusters | None, tuple[Stamp, ...]] = {}
        self._strips: list[Strip] | None = None

    @property
    def picture(self) -> Picture | None:
        """Return the picture as last drawn."""
        return self._picture

    @property
    def zoom(self) -> float:
        """Return how much closer than the whole picture the view is."""
        return self._zoom

    @property
    def view(self) -> tuple[float, tuple[float, float]]:
        """Return zoom and offset, which may be set again after `reset_view`."""
        return self._zoom, self._offset

    @view.setter
    def view(self, view: tuple[float, tuple[float, float]]) -> None:
        self._zoom, self._offset = view
        self.stale()

    def show(
        self,
        pictures: Pictures | None,
        layer: int,
        *,
        message: str = "",
        head: str = "",
        over: Over | None = None,
    ) -> None:
        """Show a layer, or ``message`` where there is no picture (yet).

        ``head`` begins the title, where there is more than one picture.
        """
        if head != self._head:
            self._head = head
            self.border_title = self._title(pictures, layer)
        over = over or Over()
        before = self._pictures, self._layer, self._message
        laid = self._over
        if pictures is None or self._pictures is None or not _alike(pictures, self._pictures):
            self._stamps.clear()
        self._pictures, self._layer, self._message = pictures, layer, message
        self._over = over
        if self._strips is None or laid != over or not self._same(*before):
            self.stale()

    def _same(self, pictures: Pictures | None, layer: int, message: str) -> bool:
        """Say whether there is nothing to draw that was not there before."""
        if (layer, message) != (self._layer, self._message):
            return False
        if pictures is None or self._pictures is None:
            return pictures is self._pictures
        one, other = self._pictures.projection, pictures.projection
        return (
            _alike(pictures, self._pictures)
            and pictures.onto == self._pictures.onto
            and np.array_equal(one.coordinates[layer], other.coordinates[layer])
        )

    def show_look(self, look: Look, mode: ColourMode, *, all_labels: bool) -> None:
        """Draw with another theme, colour mode or label rule."""
        self._look, self._mode, self._all_labels = look, mode, all_labels
        self._stamps.clear()
        self.stale()

    def highlight(self, tokens: Sequence[int]) -> None:
        """Mark tokens: the selected one first, then its neighbours."""
        if tuple(tokens) != self._highlighted:
            self._highlighted = tuple(tokens)
            self.stale()

    def stale(self) -> None:
        """Have the picture drawn again at the next frame."""
        self._strips = None
        # On the border, where no pane is too narrow for it to be seen.
        self.border_title = self._title(self._pictures, self._layer)
        self.border_subtitle = "  ".join(self._remarks())
        self.refresh()

    def zoom_by(self, steps: int, *, at: tuple[float, float] | None = None) -> None:
        """Zoom in (positive) or out, keeping a place in data units, the selection or the middle."""
        zoom = min(max(self._zoom * _ZOOM**steps, 1.0), _CLOSEST)
        if zoom == 1.0:
            self.reset_view()
            return
        if zoom == self._zoom:
            return
        view = self._view()
        if view is not None:
            anchor = at or self._anchor() or self._crowd()
            self._aim(view.zoomed(zoom / self._zoom, anchor), zoom)
        self.stale()

    def pan_by(self, right: int, up: int) -> None:
        """Move the view by steps of a fifth of its size."""
        view = self._view()
        if view is not None:
            self._aim(view.panned(right * _PAN, up * _PAN), self._zoom)
            self.stale()

    def reset_view(self) -> None:
        """Show the whole picture."""
        self._zoom, self._offset = 1.0, (0.0, 0.0)
        self.stale()

    def render_line(self, y: int) -> Strip:
        """Return one line, drawing the picture first if it is stale."""
        if self._strips is None:
            self._strips = self._draw()
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    def notify_style_update(self) -> None:
        """Lines carry the pane's colours, so they go stale with them."""
        self._strips = None
        super().notify_style_update()

    def on_resize(self, event: events.Resize) -> None:
        """The picture follows the pane."""
        self.stale()

    def on_click(self, event: events.Click) -> None:
        """A click on a point selects its token."""
        offset = event.get_content_offset(self)
        if offset is not None and self._picture is not None:
            token = self._picture.token_at(offset.x, offset.y)
            self.post_message(self.TokenClicked(self, token))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel zooms in where the pointer is."""
        self._wheel(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel zooms out."""
        self._wheel(event, -1)

    def _wheel(self, event: events.MouseEvent, steps: int) -> None:
        event.stop()
        offset = event.get_content_offset(self)
        if offset is not None and self._picture is not None:
            self.zoom_by(steps, at=self._picture.data_at(offset.x, offset.y))

    def _points(self) -> list[Point]:
        if self._pictures is None:
            return []
        clusters = self._over.clusters if self._mode == "clusters" else None
        looks = self._stamps.get(clusters)
        if looks is None:
            numbers = clusters.numbers if clusters is not None else None
            looks = stamps(self._pictures, self._mode, self._look, numbers)
            self._stamps[clusters] = looks
        return points(self._pictures, self._layer, looks)

    def _fit(self) -> View:
        assert self._pictures is not None
        places = self._pictures.projection.coordinates[self._layer].tolist()
        if self._over.trail is not None:  # all of it, wherever other layers have the token
            places += [place for place in self._over.trail.places if place is not None]
        return View.fit(map(tuple, places))

    def _stations(self) -> list[Station]:
        if self._over.trail is None:
            return []
        return [
            Station(f"L{layer}", *place, here=layer == self._layer)
            for layer, place in enumerate(self._over.trail.places)
            if place is not None
        ]

    def _trail_colour(self) -> str | None:
        """Return the colour of the token whose trail it is."""
        if self._over.trail is None or self._pictures is None:
            return None
        return self._look.colour(self._pictures.extraction.roles[self._over.trail.token])

    def _view(self) -> View | None:
        """Return the view of this layer: its own extent, zoomed and moved alike in all layers."""
        if self._pictures is None:
            return None
        return self._fit().panned(*self._offset).zoomed(self._zoom)

    def _aim(self, view: View, zoom: float) -> None:
        """Remember a view as zoom and offset relative to the layer's own extent."""
        fitted = self._fit()
        x, y = fitted.centre
        self._zoom = zoom
        self._offset = (
            (view.centre[0] - x) / (fitted.x_high - fitted.x_low),
            (view.centre[1] - y) / (fitted.y_high - fitted.y_low),
        )

    def _anchor(self) -> tuple[float, float] | None:
        """Return where the selected token is, in data units."""
        if self._pictures is None or not self._highlighted:
            return None
        selected = self._highlighted[0]
        shown = self._pictures.projection.shown.tolist()
        if selected not in shown:
            return None
        x, y = self._pictures.projection.coordinates[self._layer][shown.index(selected)].tolist()
        return x, y

    def _crowd(self) -> tuple[float, float]:
        """Return the point in the middle of the points: there is something to see near it."""
        assert self._pictures is not None
        places = self._pictures.projection.coordinates[self._layer]
        distances = ((places - np.median(places, axis=0)) ** 2).sum(axis=1)
        x, y = places[int(distances.argmin())].tolist()
        return x, y

    def _draw(self) -> list[Strip]:
        width, height = self.size
        base = self.rich_style
        if self._pictures is None or height < 3:
            self._picture = None
            said = broken(self._message, max(width - 2, 1))
            top = max((height - len(said)) // 2, 0)
            lines = [set_cell_size(line.center(width), width) for line in said]
            lines = [*[" " * width] * top, *lines, *[" " * width] * height][:height]
            return [Strip([Segment(line, base)], width) for line in lines]
        x_title, y_title = axis_titles(self._pictures, self._layer, short=width < 60)
        drawn = scatter(
            self._points(),
            width=width,
            height=height - 1,
            view=self._view(),
            x_title=x_title,
            y_title=y_title,
            highlighted=self._highlighted,
            label_budget=None if self._all_labels else 0,
            ascii=self._look.ascii,
            trail=self._stations(),
            trail_colour=self._trail_colour(),
        )
        self._picture = drawn
        strips = [
            Strip(
                [
                    Segment(
                        run.text,
                        base
                        + ink(
                            run.colour,
                            bold=run.bold,
                            dim=run.dim,
                            reverse=run.reverse,
                            underline=run.underline,
                        ),
                    )
                    for run in row
                ],
                width,
            )
            for row in drawn.rows
        ]
        return [*strips, self._legend(width)]

    def _legend(self, width: int) -> Strip:
        """Say what the marks mean, in short words where the long ones do not fit."""
        runs: list[Run] = []
        for short in (False, True):
            runs = self._marks(short=short)
            # Of clusters the words come before the sizes of all of them.
            needed = [*runs[:3], (CUT, Style.null())] if self._mode == "clusters" else runs
            if _cells(needed) <= width:
                break
        if _cells(runs) > width:  # better without the least important marks than half a word
            while _cells(runs) >= width and len(runs) > 3:
                del runs[-2:]
            last, style = runs[-1]
            runs[-1] = last.rstrip(), style
            if _cells(runs) >= width:
                del runs[0]  # the blank at the beginning has room for the sign
            gap = " " if _cells(runs) + 2 <= width else ""
            runs.append((f"{gap}{CUT}", Style.null()))
        base = self.rich_style
        strip = Strip([Segment(text, base + style) for text, style in runs])
        return strip.adjust_cell_length(width, base)

    def _marks(self, *, short: bool) -> list[Run]:
        assert self._pictures is not None
        shown = self._pictures.projection.shown.tolist()
        runs: list[Run] = [(" ", Style.null())]
        for glyph, colour, meaning in legend(
            self._pictures.extraction,
            self._mode,
            self._look,
            shown=shown,
            short=short,
            clusters=self._over.clusters,
        ):
            runs.append((glyph, ink(colour, bold=True)))
            runs.append((f" {meaning}  " if meaning else " ", Style.null()))
        return runs

    def _title(self, pictures: Pictures | None, layer: int) -> str:
        """Return what the picture is and how far to trust it."""
        head, room = self._head.replace("[", "\\["), self.size.width - 4
        if pictures is None:
            return head or "picture"
        if not head:
            return picture_title(pictures, layer, room)
        words = self._trust(pictures, layer)
        return f"{head}; {words}" if words else head

    def _trust(self, pictures: Pictures, layer: int) -> str:
        """Return the words that follow the head in the title, empty where they do not fit."""
        room = self.size.width - 4 - cell_len(self._head) - 2
        words = picture_title(pictures, layer, room)
        return words if len(words) <= room else ""

    def _remarks(self) -> list[str]:
        pictures = self._pictures
        if pictures is None:
            return []
        remarks = [self._over.note] if self._over.note else []
        if self._head and not self._trust(pictures, self._layer):
            remarks.append(picture_title(pictures, self._layer, self.size.width - 4))
        if self._zoom != 1:
            remarks.append(f"zoom {self._zoom:.1f}, r resets")
        elif self._offset != (0.0, 0.0):
            remarks.append("moved, r resets")
        if pictures.extraction.outliers and not pictures.outliers:
            short = self.size.width < 44
            words = outlier_words(pictures.extraction, short=short)
            remarks.append(words if short else f"{words}, o shows")
        return remarks


def _cells(runs: Sequence[Run]) -> int:
    return cell_len("".join(text for text, _ in runs).rstrip())


def _alike(one: Pictures, other: Pictures) -> bool:
    """Say whether two differ at most in the layers that they have."""
    return one.extraction is other.extraction and one.choice == other.choice
