"""Registries of things that users may bring: strategies, ETA models.

An item is a frozen, keyword-only dataclass whose fields are its parameters. It is found by the id under which
a package registers it (an entry point), or as ``package.module:Class``, the current folder included.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from domain.errors import ContractError, DispatchlabError, UnknownNameError, UserError

T = TypeVar("T")


def param(default: T, doc: str, *, at_least: float | None = None, at_most: float | None = None) -> T:
    """Declare a documented parameter of an item, with its valid range."""
    metadata = {"doc": doc, "at_least": at_least, "at_most": at_most}
    made: T = field(default=default, metadata=metadata)
    return made


def check_parameters(item: Any) -> None:
    """Check every `param` of a dataclass instance against its range; call it in ``__post_init__``.

    Raises:
        UserError: a number is not finite or out of range.
    """
    for each in fields(item):
        value = getattr(item, each.name)
        if not isinstance(value, int | float):
            continue
        low, high = each.metadata.get("at_least"), each.metadata.get("at_most")
        if not math.isfinite(value):
            raise UserError(f"{each.name} must be a finite number, not {value!r}")
        if low is not None and value < low:
            raise UserError(f"{each.name} must be at least {low:g}, not {value!r}")
        if high is not None and value > high:
            raise UserError(f"{each.name} must be at most {high:g}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of an item, for people."""

    name: str
    type: str
    default: Any
    doc: str


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a registered item says of itself."""

    name: str
    summary: str
    flags: dict[str, Any]
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, kw_only=True)
class Registry(Generic[T]):
    """All items of one kind: the built-in ones and those that installed packages register.

    `kind` is what people call an item; `group` the entry point group; `built_in` id -> ``module:Class``, so
    that they work when entry points are missing or stale; `flags` the class attributes, name -> type, that an
    item must have beside `name` and `summary`; `needs` the attributes or methods its instances must have.
    """

    kind: str
    group: str
    built_in: Mapping[str, str]
    flags: Mapping[str, type]
    needs: tuple[str, ...]

    @cached_property
    def _specs(self) -> dict[str, str]:
        """Return id -> ``module:Class`` of every registered item."""
        specs = dict(self.built_in)
        for point in entry_points(group=self.group):
            if specs.setdefault(point.name, point.value) != point.value:
                raise UserError(
                    f"two {self.kind} classes are registered as {point.name!r}: "
                    f"{specs[point.name]} and {point.value}"
                )
        return specs

    def names(self) -> list[str]:
        """Return the registered ids, sorted."""
        return sorted(self._specs)

    def load_class(self, spec: str) -> type[T]:
        """Return the class of a registered id or ``package.module:Class``.

        Raises:
            UnknownNameError: no such id, or the module has no such class.
            UserError: the module cannot be imported.
            ContractError: the class is not a frozen, keyword-only dataclass with the needed attributes.
        """
        if ":" in spec:
            return self._checked(_import_class(self.kind, spec), spec)
        if spec not in self._specs:
            raise UnknownNameError(self.kind, spec, self._specs)
        return self._checked(_import_class(self.kind, self._specs[spec]), spec)

    def load(self, spec: str, params: Mapping[str, Any] | None = None) -> T:
        """Return an instance; `params` are values, or texts as typed on a command line, by parameter name.

        Raises:
            UnknownNameError: also for a parameter that the item does not have.
            UserError: also for a value of the wrong type or out of range.
        """
        cls = self.load_class(spec)
        try:
            return cls(**typed_parameters(f"{self.kind} {spec!r}", cls, params or {}))
        except UnknownNameError:
            raise
        except (UserError, ValueError) as error:
            raise UserError(f"{self.kind} {spec!r}: {_one_line(error)}") from error

    def load_text(self, text: str, params: Mapping[str, Any] | None = None) -> T:
        """Return the instance of ``id`` or ``module:Class``, either with ``:parameter=value`` behind it.

        `params` come on top of those in the text.

        Raises:
            UserError: as `load`.
        """
        parts = text.split(":")
        names = [part for part in parts if "=" not in part]
        written = dict(part.split("=", 1) for part in parts if "=" in part)
        return self.load(":".join(names), {**written, **(params or {})})

    def describe(self, item: T | type[T]) -> Description:
        """Return what an item, or its class, says of itself; an instance's own values are the defaults."""
        made: Any = item() if isinstance(item, type) else item
        cls = type(made)
        hints = get_type_hints(cls)
        return Description(
            name=cls.name,
            summary=cls.summary,
            flags={flag: getattr(cls, flag) for flag in self.flags},
            parameters=tuple(
                Parameter(
                    name=each.name,
                    type=_type_text(hints[each.name]),
                    default=getattr(made, each.name),
                    doc=each.metadata.get("doc", ""),
                )
                for each in fields(cls)
            ),
        )

    def problems(self, cls: Any) -> list[str]:
        """Return what keeps a class from being an item of this kind, one line each."""
        if not isinstance(cls, type):
            return ["is not a class"]
        found = []
        own = vars(cls).get("__dataclass_params__")  # not inherited: a plain subclass would not be frozen
        if own is None or not own.frozen:
            return ["must be a frozen dataclass: @dataclass(frozen=True, kw_only=True)"]
        for each in fields(cls):
            if not each.kw_only:
                found.append(f"parameter {each.name!r} must be keyword-only")
            if each.default is MISSING and each.default_factory is MISSING:
                found.append(f"parameter {each.name!r} must have a default")
        for attribute, kind in {"name": str, "summary": str, **self.flags}.items():
            if not isinstance(getattr(cls, attribute, None), kind):
                found.append(f"must have the class attribute {attribute!r} ({kind.__name__})")
        has = {each.name for each in fields(cls)}.union(*(vars(base) for base in cls.__mro__))
        return found + [f"must have {name!r}" for name in self.needs if name not in has]

    def _checked(self, cls: type[Any], spec: str) -> type[T]:
        found = self.problems(cls)
        if found:
            raise ContractError(f"{self.kind} {spec!r} {'; '.join(found)}")
        return cls


def typed_parameters(owner: str, cls: type[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return `params` with every value of its field's type; texts are parsed.

    Raises:
        UnknownNameError: `cls` has no such field; the message names the nearest one.
        UserError: a value does not fit its field's type.
    """
    hints = get_type_hints(cls)
    known = [each.name for each in fields(cls)]
    typed = {}
    for name, value in params.items():
        if name not in known:
            raise UnknownNameError(f"parameter of {owner}:", name, known)
        try:
            typed[name] = _typed(value, hints[name])
        except (ValueError, TypeError):
            raise UserError(f"{name} must be {_type_text(hints[name])}, not {value!r}") from None
    return typed


def _typed(value: Any, hint: Any) -> Any:
    """Return `value` as `hint`: bool, int, float, str or a tuple of these. ValueError: it does not fit."""
    if get_origin(hint) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(_typed(part, get_args(hint)[0]) for part in parts)
    if hint is bool:
        text = str(value).lower()
        return text == "true" if text in ("true", "false") else _refuse(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return _refuse(value)
    if hint is int:
        return int(value) if not isinstance(value, float) else _refuse(value)
    if hint is float:
        return float(value)
    return value if hint is str and isinstance(value, str) else _refuse(value)


def _refuse(value: Any) -> Any:
    raise ValueError(value)


def _type_text(hint: Any) -> str:
    return str(hint) if get_origin(hint) else getattr(hint, "__name__", str(hint))


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _import_class(kind: str, spec: str) -> Any:
    """Return the class that ``module:Class`` names."""
    module_name, _, class_name = spec.partition(":")
    if str(Path.cwd()) not in sys.path and "" not in sys.path:
        sys.path.append(str(Path.cwd()))  # last, so that it shadows nothing
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(module_name)
    except DispatchlabError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name + ".").startswith(error.name + "."):
            raise UserError(
                f"{kind} {spec!r}: no module {error.name!r} here ({Path.cwd()}) or installed"
            ) from None
        raise UserError(f"{kind} {spec!r}: importing it fails: {_one_line(error)}") from error
    except Exception as error:
        raise UserError(
            f"{kind} {spec!r}: importing it fails: {type(error).__name__}: {_one_line(error)}"
        ) from error
    if not hasattr(module, class_name):
        classes = [name for name, value in vars(module).items() if isinstance(value, type)]
        raise UnknownNameError(f"class in module {module_name!r}:", class_name, classes)
    return getattr(module, class_name)
