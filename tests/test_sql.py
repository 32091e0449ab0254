"""No statement is built from data: what an f-string puts in SQL is a quoted name, a quoted text, a number, or SQL
that the project itself wrote. No command goes through a shell.

Values of the data always travel as parameters. What is interpolated is followed back through the assignments of its
function; what comes from outside (a parameter) must be named below, with the reason why it is no data.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.paths import PROJECT_ROOT

CODE = sorted([*PROJECT_ROOT.glob("pipelines/**/*.py"), *PROJECT_ROOT.glob("assets/*.py")])
SQL = re.compile(
    r"\b(select\s|insert\s+into|create\s+(or\s+replace\s+)?(table|schema|view)|drop\s+(table|view|schema)|attach\s"
    r"|detach\s|copy\s*\(|comment\s+on|update\s+\w+\.|delete\s+from|set\s+(memory|temp|threads|variable)|load\s)",
    re.IGNORECASE,
)
# They quote a name or a text, or give a number.
QUOTING = {
    "identifier", "literal", "qualified", "ident", "quote", "_quote", "_quoted", "_guillemets", "hmac_sql",
    "row_sums", "int", "len", "range",
}  # fmt: skip
# What comes from outside a function and is no data, by module: expression, and why.
TRUSTED: dict[str, dict[str, str]] = {
    "pipelines/bilan/donnees.py": {"condition": "a condition of the module"},
    "pipelines/conventions/tables.py": {
        "table": "names of TABLES, written in the module",
        "nom": "names of TABLES",
    },
    "pipelines/explication/figure.py": {
        "name": "a column of the key",
        "where": "columns of the key",
    },
    "pipelines/ingestion/chargement.py": {
        "table": "names of TABLES_META and of declarations",
        "kind": "types of TABLES_META",
        "compte.premiere_ligne": "a number",
        "rang": "a number",
        "ligne": "the name of a column, or a number",
    },
    "pipelines/ingestion/enregistrements.py": {
        "table": "a constant of the module, or a declared name quoted by chargement",
        "_normalised(champ, nom)": "SQL of the module over a quoted name",
        "_normalised(produit.champ(c), ident(c))": "SQL of the module over a quoted name",
        "_normalised(produit.champ(e.declarant), ident(e.declarant))": "SQL of the module over a quoted name",
        "e.avancement": "SQL of the declaration",
        "e.presence": "SQL of the declaration",
        "c": "a constant of the module",
        "n": "a0, a1… numbered here",
        "_disagreements(produit, c)": "made here from quoted names",
        "pauvrete": "numbers counted here",
        "contenu": "made here from quoted names",
        "donnes": "made here from quoted names",
        "alors": "made here from quoted names",
        "derniers": "made here from quoted names",
        "donnees": "made here from quoted names",
        "sans": "made here from quoted names",
        "valeurs": "made here from quoted names",
        "autres": "made here from quoted names",
        "lignes": "the view of the module, or a query made here from quoted names",
        "manquant": "a field of the declaration",
    },
    "pipelines/publication/larges.py": {
        "_query(mart, counts)": "made here from quoted names",
        "columns": "quoted names of larges.yml",
        "where": "values of larges.yml, quoted",
    },
    "pipelines/examen.py": {
        "nom": "a table named here",
        "lu": "columns written in the module",
        "lu.get('annee', 'null')": "one of them",
        "parts": "made here from them",
    },
    "pipelines/ingestion/examen.py": {
        "merged(appariement, 'brut')": "made by repetitions, judged there",
        "requete.sql": "made by normalise, judged there",
        "brut.relation": "a relation that lecture made, its path quoted",
        "colonnes": "declared names, quoted",
        "pas": "a number",
        "ligne": "the name of a column, or a number",
        "condition": "a condition of the module",
        "nombre": "SQL of normalise over a quoted name",
    },
    "pipelines/ingestion/declarations.py": {
        "t": "types of the declarations",
        "table": "a declared name, quoted where it is made",
        "schema": "one of two constants",
    },
    "pipelines/ingestion/fichier.py": {
        "brut.premiere_ligne": "a number",
        "brut.relation": "a relation that lecture made, its path quoted",
        "relation": "made by lecture, then by repetitions, judged there",
        "requete.sql": "made by normalise, judged there",
        "exclusions.PERSON": "a constant",
        "exclusions.VINTAGE": "a constant",
        "cellule": "the cleaning of a numbered column",
        "comptes": "counts over numbered columns",
        "rounded_request_number('x')": "a pattern of the module",
    },
    "pipelines/ingestion/pourcentages.py": {
        "maximum": "a number of landing.yml",
        "valeur": "a quoted name, or a cast of one",
        "relation": "a table named by the caller, or a quoted path",
    },
    "pipelines/ingestion/identifiants.py": {
        "FONCTIONS[kind]('y')": "SQL written in the module, over a column named there",
        "emptied('x')": "SQL written in the module, over a column named there",
        "cleaned('x')": "SQL written in the module, over a column named there",
    },
    "pipelines/ingestion/polygones.py": {
        "champ.polygone": "SQL of the declaration",
        "lignes": "a relation that fichier made, its path quoted",
    },
    "pipelines/ingestion/validation.py": {"lignes": "a relation that fichier made, its path quoted"},
    "pipelines/ingestion/repetitions.py": {
        "relation": "made by lecture, its path quoted",
        "_cell(appariement, r, une)": "a cell c0, c1… and quoted texts of the declaration",
        "_cell(appariement, r, autre)": "a cell c0, c1… and quoted texts of the declaration",
        "paires": "two such cells",
        "ligne": "the name of a column, or a number",
        "requete.sql": "made by normalise, judged there",
    },
    "pipelines/ingestion/textes.py": {
        "cellules": "c0, c1… numbered here",
        "lu": "a reader call made by _read_csv, its path quoted",
    },
    "pipelines/ingestion/normalise.py": {
        "relation": "made by lecture",
        "source": "a layer made here",
        "items": "cells c0, c1… and quoted texts of the mapping",
        "cellules": "cells c0, c1… and quoted texts of the mapping",
        "structures": "cells c0, c1… and quoted texts of the mapping",
    },
    "pipelines/lac/connexion.py": {"_CLE": "a number", "instantane": "a number"},
    "pipelines/lac/ecriture.py": {
        "exact(identifier(c.nom), c.type)": "a quoted name and a type of the catalogue",
        "rank": "a number",
        "str(rank)": "a number",
        "rows": "a relation made from quoted names",
    },
    "pipelines/lac/partage.py": {
        "colonne.type": "a type of the catalogue",
        "predicate": "a quoted name and marks of parameters",
    },
    "pipelines/lac/reconstruction.py": {
        "colonne.type": "a type that Table.from_json compared with what a type is",
        "_vintage(value)": "a number, or null",
    },
    "pipelines/lac/structure.py": {
        "colonne.type": "a type of the catalogue, or one that Table.from_json checked",
        "definition(colonne)": "a quoted name and a type",
    },
    "pipelines/moteurs/comparaison.py": {
        "schema": "a schema of the manifest of dbt",
        "table": "a table of the manifest of dbt",
        "name": "a column of the published warehouse, between quotes",
        "kind": "a type of the catalogue",
        "a": "one of the two queries made here",
        "b": "one of the two queries made here",
    },
    "pipelines/moteurs/execution.py": {
        "schema": "a schema of the manifest of dbt",
        "table": "a table of the manifest of dbt",
    },
    "pipelines/moteurs/spark.py": {
        "schema": "a schema of the manifest of dbt",
        "table": "a table of the manifest of dbt",
        "fichier.resolve()": "a file that the export named, in the working folder",
    },
    "pipelines/publication/editions.py": {
        "edition.select('origine', schema, table)": "made in `edition` from quoted names",
    },
    "pipelines/publication/cartes.py": {
        "columns": "measures of the module over quoted names",
        "_places(level, indicators)": "SQL of the module over quoted names",
    },
    "pipelines/references/fabrication.py": {
        "vue": "a key of _requests, written in the module",
        "requete": "SQL of the module over the declared files",
        "origine.millesime": "a number of the declaration",
        "every": "SQL of the module",
        "colonnes": "declared names, quoted, and declared types",
        "nom": "a table of the declaration",
    },
    "pipelines/sql.py": {
        "target": "a name that its callers quote, or write in their module",
        "body": "quoted names, and types declared by the callers",
    },
    "pipelines/references/lecture.py": {
        "voulu": "one of two conditions of the module",
    },
    "pipelines/publication/comparaison.py": {"base": "a or b, written in the module"},
}


class Interpolations(ast.NodeVisitor):
    """The expressions that f-strings put in SQL, with the function that they are in."""

    def __init__(self) -> None:
        self.scopes: list[ast.AST] = []
        self.found: list[tuple[ast.AST, ast.expr]] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.scopes.append(node)
        self.generic_visit(node)
        self.scopes.pop()

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        text = "".join(str(v.value) if isinstance(v, ast.Constant) else " ? " for v in node.values)
        if SQL.search(text):
            for value in node.values:
                if isinstance(value, ast.FormattedValue):
                    self.found.append((self.scopes[-1] if self.scopes else None, value.value))  # type: ignore[arg-type]
        self.generic_visit(node)


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def assigned(scope: ast.AST, name: str) -> list[ast.expr]:
    """Every expression that a name takes its value from in a scope."""
    values: list[ast.expr] = []
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                values += _unpacked(target, node.value, name)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            values += _unpacked(node.target, node.value, name)
        elif isinstance(node, ast.For | ast.comprehension):
            values += _unpacked(node.target, node.iter, name)
    return values


def _unpacked(target: ast.expr, value: ast.expr, name: str) -> list[ast.expr]:
    if isinstance(target, ast.Name):
        return [value] if target.id == name else []
    if isinstance(target, ast.Tuple):
        if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
            return [
                v for t, part in zip(target.elts, value.elts, strict=True) for v in _unpacked(t, part, name)
            ]
        return [v for t in target.elts for v in _unpacked(t, value, name)]
    return []


class Judge:
    """Whether an expression can only be SQL of the project, a quoted name or a number."""

    def __init__(self, module: ast.Module, trusted: dict[str, str]) -> None:
        self.module, self.trusted = module, trusted

    def safe(self, node: ast.expr, scope: ast.AST | None, seen: frozenset[str] = frozenset()) -> bool:
        def again(part: ast.expr) -> bool:
            return self.safe(part, scope, seen)

        if ast.unparse(node) in self.trusted:
            return True
        match node:
            case ast.Constant():
                return True
            case ast.JoinedStr():
                return all(again(v.value) for v in node.values if isinstance(v, ast.FormattedValue))
            case ast.BinOp():
                return again(node.left) and again(node.right)
            case ast.IfExp():
                return again(node.body) and again(node.orelse)
            case ast.BoolOp():
                return all(map(again, node.values))
            case ast.Tuple() | ast.List() | ast.Set():
                return all(again(e.value if isinstance(e, ast.Starred) else e) for e in node.elts)
            case ast.Dict():
                return all(again(v) for v in [*node.values, *(k for k in node.keys if k is not None)])
            case ast.GeneratorExp() | ast.ListComp() | ast.SetComp():
                return again(node.elt)
            case ast.Subscript():
                return again(node.value)
            case ast.Call():
                name = called(node)
                if name in QUOTING:
                    return True
                if name in {"join", "format", "removeprefix", "replace", "strip"}:
                    return again(node.func.value) and all(map(again, node.args))  # type: ignore[attr-defined]
                if name in {"sorted", "list", "tuple", "set", "zip", "enumerate", "reversed"}:
                    return all(map(again, node.args))
                return self._own(name, seen)
            case ast.Attribute(value=ast.Name(id=module)) if node.attr.isupper():
                # A constant of another module of the project, named through it.
                return self._imported(module)
            case ast.Name():
                return self._name(node.id, scope, seen)
        return False

    def _name(self, name: str, scope: ast.AST | None, seen: frozenset[str]) -> bool:
        if name in seen or (name.isupper() and self._imported(name)):
            # A constant of another module of the project.
            return True
        values = assigned(scope, name) if scope is not None else []
        values = values or assigned(self.module, name)
        return bool(values) and all(self.safe(v, scope, seen | {name}) for v in values)

    def _imported(self, name: str) -> bool:
        imports = (node for node in ast.walk(self.module) if isinstance(node, ast.ImportFrom))
        return any(
            (node.module or "").startswith("pipelines.") and any(a.name == name for a in node.names)
            for node in imports
        )

    def _own(self, name: str, seen: frozenset[str]) -> bool:
        """A function of the same module: what it returns."""
        for node in ast.walk(self.module):
            if isinstance(node, ast.FunctionDef) and node.name == name and name not in seen:
                returned = [
                    r.value for r in ast.walk(node) if isinstance(r, ast.Return) and r.value is not None
                ]
                return bool(returned) and all(self.safe(r, node, seen | {name}) for r in returned)
        return False


def doubtful(path: Path) -> Iterator[str]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    name = path.relative_to(PROJECT_ROOT).as_posix()
    judge = Judge(module, TRUSTED.get(name, {}))
    visitor = Interpolations()
    visitor.visit(module)
    for scope, expression in visitor.found:
        if not judge.safe(expression, scope):
            where = getattr(scope, "name", "module")
            yield f"{where}: {ast.unparse(expression)}"


def test_no_statement_is_built_from_data() -> None:
    found = {f"{path.relative_to(PROJECT_ROOT)}: {what}" for path in CODE for what in doubtful(path)}
    assert sorted(found) == []


def test_what_is_trusted_is_still_there() -> None:
    """An exception that no code needs any more would hide the next one of that name."""
    for name, expressions in TRUSTED.items():
        source = ast.unparse(ast.parse((PROJECT_ROOT / name).read_text(encoding="utf-8")))
        for expression in expressions:
            assert re.search(rf"\b{re.escape(expression)}", source), f"{name}: {expression}"


@pytest.mark.parametrize(
    "code",
    [
        "def f(con, valeur):\n    con.execute(f\"select * from t where nom = '{valeur}'\")",
        "def f(con, rows):\n    for nom in rows:\n        con.execute(f'drop table {nom}')",
        "def f(con, row):\n    where = ' and '.join(f'{k} = 1' for k in row)\n    con.execute(f'select 1 from t where {where}')",
        "def f(con, path):\n    con.execute(f'attach {path} as a')",
        "def f(con, x):\n    def g(y):\n        return y\n    con.execute(f'select {g(x)}')",
    ],
)
def test_a_statement_built_from_data_is_seen(code: str) -> None:
    module = ast.parse(code)
    visitor = Interpolations()
    visitor.visit(module)
    judge = Judge(module, {})
    assert any(not judge.safe(expression, scope) for scope, expression in visitor.found)


def test_quoted_names_and_parameters_pass() -> None:
    code = (
        "def f(con, noms):\n    liste = ', '.join(identifier(n) for n in noms)\n"
        "    con.execute(f'select {liste} from t where a = ?', noms)"
    )
    module = ast.parse(code)
    visitor = Interpolations()
    visitor.visit(module)
    assert visitor.found
    assert all(Judge(module, {}).safe(expression, scope) for scope, expression in visitor.found)


def through_a_shell(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        started = called(node) in {"Popen", "check_call", "check_output", "call"} or (
            called(node) == "run" and ast.unparse(node.func) == "subprocess.run"
        )
        if (
            any(k.arg == "shell" and getattr(k.value, "value", True) for k in node.keywords)
            or called(node) in {"system", "popen", "getoutput", "getstatusoutput"}
            or (started and not isinstance(node.args[0], ast.Name | ast.List | ast.BinOp))
        ):
            yield ast.unparse(node)


def test_no_command_goes_through_a_shell() -> None:
    assert [
        f"{path.relative_to(PROJECT_ROOT)}: {what}"
        for path in CODE
        for what in through_a_shell(ast.parse(path.read_text(encoding="utf-8")))
    ] == []


@pytest.mark.parametrize("code", ["subprocess.run(c, shell=True)", "os.system(c)", "Popen('a b')"])
def test_a_command_through_a_shell_is_seen(code: str) -> None:
    assert list(through_a_shell(ast.parse(code)))
