/** Texts by key: `{name}` is filled from the values, a plural chosen by the language's own rules. */

import { catalogues, type Key, type Language } from './catalogue'

export type Values = Record<string, string | number>

export function translate(language: Language, key: Key, values: Values = {}): string {
  const text = lookUp(language, key)
  return text === undefined ? key : fill(text, values, language)
}

/** Whether a key that was put together at run time, such as one from a server's code, has a text. */
export function isKey(key: string): key is Key {
  return lookUp('en', key) !== undefined
}

/** A text in both numbers: `key_one` and `key_other` with `{count}`. */
export function translateCount(language: Language, key: string, count: number, values: Values = {}): string {
  const form = new Intl.PluralRules(language).select(count)
  const wanted = `${key}_${form}`
  const found = isKey(wanted) ? wanted : `${key}_other`
  return isKey(found) ? translate(language, found, { ...values, count }) : key
}

function lookUp(language: Language, key: string): string | undefined {
  const dot = key.indexOf('.')
  const area = (catalogues[language] as Record<string, Record<string, string>>)[key.slice(0, dot)]
  return area !== undefined && Object.hasOwn(area, key.slice(dot + 1)) ? area[key.slice(dot + 1)] : undefined
}

function fill(text: string, values: Values, language: Language): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value
  })
}
