"""Replay jobs: a frozen selection of dead letters, tried again part by part."""
