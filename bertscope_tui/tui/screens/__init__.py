"""Screens compose panes and turn their messages into requests to the inspection service."""
