/** The names that the client's package shortens, compared with those that apps and servers know. */
import assert from "node:assert/strict";
import ts from "typescript";
import { ENTRIES, INTERNAL_NAMES } from "../../scripts/internal_names.ts";

const SOURCES = new URL("../../client/src/", import.meta.url);

function parse(module: string): ts.SourceFile {
  const text = Deno.readTextFileSync(new URL(`${module}.ts`, SOURCES));
  return ts.createSourceFile(`${module}.ts`, text, ts.ScriptTarget.Latest, true);
}

/** What a module exports, those of other modules too; all of it where no names are wanted. */
function* exportsOf(module: string, wanted?: ReadonlySet<string>): Generator<ts.Node> {
  for (const statement of parse(module).statements) {
    if (ts.isExportDeclaration(statement) && statement.moduleSpecifier) {
      const from = (statement.moduleSpecifier as ts.StringLiteral).text;
      const { exportClause } = statement;
      const names = exportClause && ts.isNamedExports(exportClause)
        ? new Set(exportClause.elements.map((one) => (one.propertyName ?? one.name).text))
        : undefined;
      yield* exportsOf(/^\.\/(\w+)\.ts$/.exec(from)![1]!, names);
    } else if (ts.canHaveModifiers(statement)) {
      const modifiers = ts.getModifiers(statement) ?? [];
      if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
      const declaration = ts.isVariableStatement(statement)
        ? statement.declarationList.declarations[0]!
        : statement as ts.DeclarationStatement;
      if (wanted?.has(declaration.name?.getText() ?? "") !== false) yield statement;
    }
  }
}

/** The names of the members of a declaration, and of types inside it; not what a body has. */
function* membersOf(node: ts.Node): Generator<string> {
  if (ts.isBlock(node) || ts.isPrivateIdentifier(node)) return;
  const named = ts.isPropertySignature(node) || ts.isMethodSignature(node) ||
    ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node) ||
    ts.isFunctionDeclaration(node) || ts.isPropertyAssignment(node);
  if (named && node.name) yield node.name.getText().replace(/^["'](.*)["']$/, "$1");
  // Nested generators, since forEachChild takes a callback.
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* membersOf(child);
}

function publicNames(): Set<string> {
  return new Set(
    ENTRIES.flatMap((entry) => [...exportsOf(entry)].flatMap((node) => [...membersOf(node)])),
  );
}

Deno.test("no name that is shortened in the client's package is one that apps or servers know", () => {
  const known = publicNames();
  // What is looked at: options, methods, members of payloads, errors, hooks.
  for (
    const name of [
      ...["connect", "maxReconnectDelay", "onLoss", "bestBid", "subscribe", "code", "useBook"],
      ...["verifyBook", "created_at", "asks", "sequence", "identity", "keep"],
    ]
  ) assert.ok(known.has(name), `${name} is found among ${known.size} names`);
  assert.deepEqual(INTERNAL_NAMES.filter((name) => known.has(name)), []);
});

Deno.test("each name that is shortened is one of the client's", () => {
  const text = [...Deno.readDirSync(SOURCES)]
    .map(({ name }) => Deno.readTextFileSync(new URL(name, SOURCES))).join("\n");
  const unused = INTERNAL_NAMES.filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
  assert.deepEqual(unused, []);
  assert.equal(new Set(INTERNAL_NAMES).size, INTERNAL_NAMES.length);
});
