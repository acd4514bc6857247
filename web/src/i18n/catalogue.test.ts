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

function components(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return components(path)
    return entry.name.endsWith('.tsx') && !entry.name.endsWith('.test.tsx') ? [path] : []
  })
}

/** Words that stand in a component instead of a catalogue. */
function literals(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const words = (text: string) => /\p{L}{2,}/u.test(text)
  const visit = (node: ts.Node) => {
    if (ts.isJsxText(node) && words(node.text)) found.push(node.text.trim())
    if (ts.isJsxAttribute(node) && node.initializer !== undefined && READ.has(node.name.getText())) {
      const value = node.initializer
      if (ts.isStringLiteral(value) && words(value.text)) found.push(value.text)
      if (ts.isJsxExpression(value) && value.expression !== undefined) {
        const inner = value.expression
        if (ts.isStringLiteralLike(inner) && words(inner.text)) found.push(inner.text)
      }
    }
    if (ts.isJsxExpression(node) && node.expression !== undefined && !ts.isJsxAttribute(node.parent)) {
      if (ts.isStringLiteralLike(node.expression) && words(node.expression.text))
        found.push(node.expression.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
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
    const files = components(SRC)
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) expect(literals(file), file).toEqual([])
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
