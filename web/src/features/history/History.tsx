import { Button, Text } from '@mantine/core'

import { address, filter } from '../../api/client'
import { useI18n } from '../../i18n'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { Pages } from '../../ui/Pages'
import { writeSorting } from '../../ui/sorting'
import { type Change, useSearch } from '../../ui/useSearch'
import { CdrTable } from './CdrTable'
import { FilterBar } from './FilterBar'
import { conditions, type Filters, isFiltered, order, readView, type View } from './filters'
import { useCdrs } from './useCdrs'

const NO_FILTERS: Record<keyof Filters, null> = {
  from: null,
  to: null,
  src: null,
  dst: null,
  direction: null,
  disposition: null,
  context: null,
}

/** The calls that are over. */
export default function History() {
  const { t } = useI18n()
  const [params, change] = useSearch()
  const view = readView(params)
  return (
    <Page title={t('history.title')} actions={<Export view={view} />}>
      <FilterBar
        filters={view.filters}
        onChange={(changes) => change({ ...changes, page: null })}
        onClear={() => change({ ...NO_FILTERS, page: null })}
      />
      <Found view={view} change={change} />
    </Page>
  )
}

/** The same calls as a file. */
function Export({ view }: { view: View }) {
  const { t } = useI18n()
  const href = address('/cdrs.csv', { filter: filter(conditions(view.filters)), sort: order(view) })
  return (
    <Button component="a" href={href} download="cdrs.csv" variant="default">
      {t('history.export')}
    </Button>
  )
}

function Found({ view, change }: { view: View; change: Change }) {
  const { t, tn } = useI18n()
  const cdrs = useCdrs(view)
  return (
    <Loaded query={cdrs}>
      {({ data, total }) => (
        <>
          {data.length === 0 ? (
            <Text>{t(isFiltered(view.filters) || total > 0 ? 'history.no_match' : 'history.none')}</Text>
          ) : (
            <CdrTable
              cdrs={data}
              sorting={view.sorting}
              onSort={(sorting) => change({ sort: writeSorting(sorting), page: null })}
            />
          )}
          <Pages place={view} total={total} count={tn('history.count', total)} change={change} />
        </>
      )}
    </Loaded>
  )
}
