"""Tests of the floor that turns hidden states into pictures and lists."""
