import { useI18n } from '../i18n'
import type { Span } from './listView'
import { SearchText } from './SearchText'
import { TimeBound } from './TimeBound'

interface Props<Caller extends string, Called extends string> {
  filters: Span & Record<Caller | Called, string>
  /** What the two sides are called in the address and by the API. */
  sides: [caller: Caller, called: Called]
  onChange: (changes: Partial<Record<keyof Span | Caller | Called, string>>) => void
}

/** What every list of calls is searched by: when it was, who called, and whom. */
export function CallFilters<Caller extends string, Called extends string>({
  filters,
  sides: [caller, called],
  onChange,
}: Props<Caller, Called>) {
  const { t } = useI18n()
  type Name = keyof Span | Caller | Called
  const set = (name: Name) => (text: string) => onChange({ [name]: text } as Partial<Record<Name, string>>)
  const side = (name: Caller | Called) => ({
    placeholder: t('common.number_hint'),
    value: filters[name],
    onSearch: set(name),
    maxLength: 60,
  })
  return (
    <>
      <TimeBound bound="from" value={filters.from} onChange={set('from')} />
      <TimeBound bound="to" value={filters.to} onChange={set('to')} />
      <SearchText label={t('history.caller')} {...side(caller)} />
      <SearchText label={t('history.callee')} {...side(called)} />
    </>
  )
}
