import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import ts from 'typescript'
import { describe, expect, it } from 'vitest'

import { catalogues } from './catalogue'
import { translate, translateCount } from './translate'

const SRC = join(import.meta.dirname, '..')

/** Attributes whose value a person reads or hears. */
const READ = new Set([
  'label',
  'title',
  'placeholder',
  'aria-label',
  'alt',
  'description',
  'error',
  'aria-description',
])

interface Source {
  path: string
  tree: ts.SourceFile
}

/** What the page is made of, without its tests. */
function sources(dir: string): Source[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return sources(path)
    if (!/\.tsx?$/.test(entry.name) || /\.test\.tsx?$/.test(entry.name)) return []
    return [
      { path, tree: ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true) },
    ]
  })
}

const SOURCES = sources(SRC)

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** The texts that an expression may come to: of a literal, a template, either side of a condition. */
function texts(node: ts.Expression): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text]
  if (ts.isTemplateExpression(node)) {
    return [
      node.head.text,
      ...node.templateSpans.flatMap(({ expression, literal }) => [...texts(expression), literal.text]),
    ]
  }
  if (ts.isParenthesizedExpression(node)) return texts(node.expression)
  if (ts.isConditionalExpression(node)) return [...texts(node.whenTrue), ...texts(node.whenFalse)]
  if (ts.isBinaryExpression(node)) {
    const joins = [
      ts.SyntaxKind.PlusToken,
      ts.SyntaxKind.BarBarToken,
      ts.SyntaxKind.QuestionQuestionToken,
      ts.SyntaxKind.AmpersandAmpersandToken,
    ]
    return joins.includes(node.operatorToken.kind) ? [...texts(node.left), ...texts(node.right)] : []
  }
  return []
}

/** The expressions of what a notification shows. */
function notified(call: ts.CallExpression): ts.Expression[] {
  if (call.expression.getText() !== 'notifications.show') return []
  return call.arguments.filter(ts.isObjectLiteralExpression).flatMap(({ properties }) =>
    properties
      .filter(ts.isPropertyAssignment)
      .filter(({ name }) => ['title', 'message'].includes(name.getText()))
      .map(({ initializer }) => initializer),
  )
}

/** Words that stand in a component instead of a catalogue. */
function literals(tree: ts.Node): string[] {
  const found: string[] = []
  walk(tree, (node) => {
    if (ts.isJsxText(node)) found.push(node.text.trim())
    if (ts.isCallExpression(node)) found.push(...notified(node).flatMap(texts))
    if (ts.isJsxAttribute(node) && READ.has(node.name.getText())) {
      const value = node.initializer
      if (value !== undefined && ts.isStringLiteral(value)) found.push(value.text)
      if (value !== undefined && ts.isJsxExpression(value) && value.expression !== undefined)
        found.push(...texts(value.expression))
    }
    if (ts.isJsxExpression(node) && node.expression !== undefined && !ts.isJsxAttribute(node.parent))
      found.push(...texts(node.expression))
  })
  return found.filter((text) => /\p{L}{2,}/u.test(text))
}

/** Keys with a text, and those that count with theirs in both numbers. */
const KEYS = Object.entries(catalogues.en).flatMap(([area, keys]) =>
  Object.keys(keys).map((key) => `${area}.${key}`),
)

/** Every string of the page, and how the keys begin and end that it puts together at run time. */
function named(): { whole: Set<string>; built: [head: string, tail: string][]; counted: Set<string> } {
  const whole = new Set<string>()
  const built: [string, string][] = []
  const counted = new Set<string>()
  for (const { tree } of SOURCES) {
    walk(tree, (node) => {
      if (ts.isStringLiteralLike(node)) whole.add(node.text)
      if (ts.isTemplateExpression(node) && /^[a-z]+\.\w*$/.test(node.head.text))
        built.push([node.head.text, node.templateSpans.at(-1)?.literal.text ?? ''])
      if (ts.isCallExpression(node) && node.expression.getText() === 'tn') {
        for (const key of node.arguments.slice(0, 1).flatMap(texts)) counted.add(key)
      }
    })
  }
  return { whole, built, counted }
}

describe('the catalogues', () => {
  it('have the same keys, and a text for each', () => {
    for (const [area, texts] of Object.entries(catalogues.en)) {
      const other = catalogues.es[area as keyof typeof catalogues.es] as Record<string, string>
      expect(Object.keys(other).sort(), area).toEqual(Object.keys(texts).sort())
      for (const [key, text] of [...Object.entries(texts), ...Object.entries(other)]) {
        expect(text.trim(), `${area}.${key}`).not.toBe('')
      }
    }
  })

  it('fill the same places', () => {
    const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()
    for (const [area, texts] of Object.entries(catalogues.en)) {
      const other = catalogues.es[area as keyof typeof catalogues.es] as Record<string, string>
      for (const [key, text] of Object.entries(texts)) {
        expect(places(other[key] ?? ''), `${area}.${key}`).toEqual(places(text))
      }
    }
  })

  it('hold every word that a component shows', () => {
    const files = SOURCES.filter(({ path }) => path.endsWith('.tsx'))
    expect(files.length).toBeGreaterThan(5)
    for (const { path, tree } of files) expect(literals(tree), path).toEqual([])
  })

  it('have both numbers of whatever is counted', () => {
    const { counted } = named()
    expect(counted.size).toBeGreaterThan(5)
    for (const key of counted) {
      expect(KEYS).toContain(`${key}_one`)
      expect(KEYS).toContain(`${key}_other`)
    }
  })

  it('hold nothing that is never asked for', () => {
    const { whole, built, counted } = named()
    const used = (key: string) =>
      whole.has(key) ||
      counted.has(key.replace(/_(one|other)$/, '')) ||
      built.some(([head, tail]) => key.startsWith(head) && key.endsWith(tail))
    expect(KEYS.filter((key) => !used(key))).toEqual([])
  })
})

describe('the search for words', () => {
  const found = (code: string) =>
    literals(ts.createSourceFile('a.tsx', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX))

  it('sees them wherever a person would', () => {
    expect(found('<b>Yes</b>')).toEqual(['Yes'])
    expect(found("<b>{on ? 'Yes' : t('common.off')}</b>")).toEqual(['Yes'])
    expect(found('<b>{`${n} calls`}</b>')).toEqual([' calls'])
    expect(found("<b>{n > 0 && 'Calls'}</b>")).toEqual(['Calls'])
    expect(found("<b title={on ? 'Yes' : undefined} />")).toEqual(['Yes'])
    expect(found("notifications.show({ color: 'red', title: 'Oh no', message: `It is ${x}` })")).toEqual([
      'Oh no',
      'It is ',
    ])
  })

  it('lets be what nobody reads', () => {
    expect(
      found("<b className={on ? 'yes' : 'no'} title={t(on ? 'common.yes' : 'common.no')}>→</b>"),
    ).toEqual([])
    expect(found("<b>{kind === 'call' && t('common.call')}</b>")).toEqual([])
  })
})

describe('a text', () => {
  it('is filled with its values, numbers as the language writes them', () => {
    expect(translate('en', 'common.in_ms', { ms: 12345 })).toBe('in 12,345 ms')
    expect(translate('es', 'common.in_ms', { ms: 12345 })).toBe('en 12.345 ms')
  })

  it('comes in the number of what it counts', () => {
    expect(translateCount('en', 'common.total', 1)).toBe('1 row')
    expect(translateCount('es', 'common.total', 2)).toBe('2 filas')
  })

  it('is not looked up in what objects inherit', () => {
    expect(translate('en', 'common.constructor' as never)).toBe('common.constructor')
  })
})
