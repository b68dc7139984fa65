"""Readers of training logs: one file a format, one table for all."""
