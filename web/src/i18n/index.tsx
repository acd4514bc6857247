/** The language of the page: the browser's, or the one that was chosen here. */

import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react'

import { type Key, type Language, LANGUAGES } from './catalogue'
import { translate, translateCount, type Values } from './translate'

export { isKey } from './translate'
export type { Key, Language }

interface I18n {
  language: Language
  setLanguage: (language: Language) => void
  /** The text of a key. */
  t: (key: Key, values?: Values) => string
  /** The text of a key in the number of `count`: `key_one`, `key_other`. */
  tn: (key: string, count: number, values?: Values) => string
}

const Context = createContext<I18n | null>(null)

const STORED = 'offhook.language'

function initial(): Language {
  const wanted = [localStorage.getItem(STORED), ...navigator.languages]
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => tag?.toLowerCase().split('-')[0] === language)
    if (found !== undefined) return found
  }
  return 'en'
}

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState(initial)
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  const value = useMemo<I18n>(
    () => ({
      language,
      setLanguage: (chosen) => {
        localStorage.setItem(STORED, chosen)
        choose(chosen)
      },
      t: (key, values) => translate(language, key, values),
      tn: (key, count, values) => translateCount(language, key, count, values),
    }),
    [language],
  )
  return <Context value={value}>{children}</Context>
}

export function useI18n(): I18n {
  const value = use(Context)
  if (value === null) throw new Error('no I18nProvider above')
  return value
}
