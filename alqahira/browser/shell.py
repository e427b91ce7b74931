"""The rule of `alqahira.shell`, under the name by which the browser's middleware asks for it."""

from alqahira.shell import is_empty_shell

__all__ = ["is_empty_shell"]
