import { Anchor, Stack, Text } from '@mantine/core'
import { Link } from 'wouter'

import { useI18n } from '../../i18n'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { Pages } from '../../ui/Pages'
import { writeSorting } from '../../ui/sorting'
import { type Change, useSearch } from '../../ui/useSearch'
import { useUserNames } from '../people/queries'
import { useSession } from '../session/session'
import { FilterBar } from './FilterBar'
import { type Filters, isFiltered, readView, type View } from './filters'
import { useRecordings } from './queries'
import { RecordingTable } from './RecordingTable'

const NO_FILTERS: Record<keyof Filters, null> = {
  from: null,
  to: null,
  caller: null,
  called: null,
  user: null,
}

/** The calls that were recorded. */
export default function Recordings() {
  const { t } = useI18n()
  const [params, change] = useSearch()
  const view = readView(params)
  const users = useUserNames()
  return (
    <Page title={t('recordings.title')}>
      <FilterBar
        filters={view.filters}
        users={users}
        onChange={(changes) => change({ ...changes, page: null, open: null })}
        onClear={() => change({ ...NO_FILTERS, page: null, open: null })}
      />
      <Found view={view} users={users} change={change} />
    </Page>
  )
}

interface FoundProps {
  view: View
  users: ReadonlyMap<number, string>
  change: Change
}

function Found({ view, users, change }: FoundProps) {
  const { t, tn } = useI18n()
  const recordings = useRecordings(view)
  return (
    <Loaded query={recordings}>
      {({ data, total }) => (
        <>
          {data.length > 0 ? (
            <RecordingTable
              recordings={data}
              users={users}
              sorting={view.sorting}
              onSort={(sorting) => change({ sort: writeSorting(sorting), page: null, open: null })}
              open={view.open}
              onOpen={(id) => change({ open: id === null ? null : String(id) })}
            />
          ) : isFiltered(view.filters) || total > 0 ? (
            <Text>{t('recordings.no_match')}</Text>
          ) : (
            <NoRecordings />
          )}
          {total > 0 && (
            <Pages place={view} total={total} count={tn('recordings.count', total)} change={change} />
          )}
        </>
      )}
    </Loaded>
  )
}

/** Nothing was ever recorded: how that is changed. */
function NoRecordings() {
  const { t } = useI18n()
  const admin = useSession().me.role === 'admin'
  return (
    <Stack gap="xs" maw={620}>
      <Text fw={600}>{t('recordings.none')}</Text>
      <Text c="dimmed">{t(admin ? 'recordings.none_admin' : 'recordings.none_user')}</Text>
      {admin && (
        <Text>
          <Anchor component={Link} href="/users">
            {t('recordings.none_link')}
          </Anchor>
        </Text>
      )}
      <Text c="dimmed">{t('recordings.none_live')}</Text>
      <Text c="dimmed">{t('recordings.law')}</Text>
    </Stack>
  )
}
