"""The kinds of stories, by bAbI's number for this kind of reasoning.

A builder takes a random number generator and returns one story, true to itself: every answer
follows from the statements that its question names as support. ``TASKS`` is the register: a new
task type is a function in one of the story modules and a line there.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import story_moves
import story_relations
import story_things
from story_world import Story

Split = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of story: its number, a name for the file, a builder, a share.

    ``share`` says how many questions this task gets for each one of an easy task, where stories
    are asked for with shares: the more there is to put together, the more a network has to see.
    """

    number: int
    name: str
    build: Callable[[random.Random], Story]
    share: int = 1

    def file_name(self, split: Split) -> str:
        """Return the name of this task's file, as readers of bAbI folders expect it."""
        return f"qa{self.number}_{self.name}_{split}.txt"


TASKS = (
    Task(1, "one-fact", story_moves.one_fact),
    Task(2, "two-facts", story_things.two_facts, share=3),
    Task(3, "three-facts", story_things.three_facts, share=3),
    Task(4, "two-arguments", story_relations.two_arguments),
    Task(5, "three-arguments", story_relations.three_arguments),
    Task(6, "yes-no", story_moves.yes_no),
    Task(7, "counting", story_things.counting, share=2),
    Task(8, "lists", story_things.lists, share=2),
    Task(9, "simple-negation", story_moves.simple_negation),
    Task(11, "basic-coreference", story_moves.basic_coreference),
    Task(12, "conjunction", story_moves.conjunction),
    Task(13, "compound-coreference", story_moves.compound_coreference),
    Task(15, "basic-deduction", story_relations.basic_deduction, share=3),
    Task(16, "basic-induction", story_relations.basic_induction, share=3),
    Task(18, "size-reasoning", story_relations.size_reasoning, share=2),
)
