import { parseSync } from '@swc/core';
import type {
  CallExpression,
  ConditionalExpression,
  Expression,
  Node as SyntaxNode,
} from '@swc/core';

/** A test, or a group of tests, that is not skipped, and what is within it. */
export interface TitledTest {
  readonly title: string;
  readonly within: readonly TitledTest[];
}

/** What does not run, or passes by failing. */
const never_run: readonly string[] = ['skip', 'todo', 'failing'];

/** The tests that a text gives titles to, as they lie within each other; what is commented out is no test. */
export function testsIn(text: string): readonly TitledTest[] {
  return testsBelow(parseSync(text, { syntax: 'typescript', target: 'es2022' }));
}

function testsBelow(value: unknown): TitledTest[] {
  if (Array.isArray(value)) return value.flatMap(testsBelow);
  if (value === null || typeof value !== 'object') return [];
  if (!isCall(value)) return Object.values(value).flatMap(testsBelow);
  const within = [value.callee, ...value.arguments].flatMap(testsBelow);
  const kind = kindOf(value.callee);
  if (kind === 'other') return within;
  if (kind === 'never_run') return [];
  const title = titleOf(value.arguments[0]?.expression);
  return title === null ? within : [{ title, within }];
}

function isCall(value: object): value is CallExpression {
  return (value as Partial<SyntaxNode>).type === 'CallExpression';
}

type Kind = 'test' | 'never_run' | 'other';

/** What calling it makes. */
function kindOf(callee: CallExpression['callee']): Kind {
  if (callee.type === 'Identifier') {
    return /^(describe|test)([A-Z]\w*)?$/.test(callee.value) ? 'test' : 'other';
  }
  if (callee.type === 'ParenthesisExpression') return kindOf(callee.expression);
  if (callee.type === 'ConditionalExpression') return kindOfEither(callee);
  // `test.each(table)`, and `test.each` with a template.
  if (callee.type === 'CallExpression') return kindOf(callee.callee);
  if (callee.type === 'TaggedTemplateExpression') return kindOf(callee.tag);
  if (callee.type !== 'MemberExpression') return 'other';
  const kind = kindOf(callee.object);
  if (kind !== 'test' || callee.property.type !== 'Identifier') return kind;
  return never_run.includes(callee.property.value) ? 'never_run' : 'test';
}

/** Skipped where it cannot be tried, it is still a test. */
function kindOfEither({ consequent, alternate }: ConditionalExpression): Kind {
  const kinds = [kindOf(consequent), kindOf(alternate)];
  if (kinds.includes('test')) return 'test';
  return kinds.includes('never_run') ? 'never_run' : 'other';
}

function titleOf(argument: Expression | undefined): string | null {
  if (argument?.type === 'StringLiteral') return argument.value;
  if (argument?.type !== 'TemplateLiteral') return null;
  return argument.quasis.map(({ cooked, raw }) => cooked ?? raw).join('…');
}
