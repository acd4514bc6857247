import { Accordion, Button, Center, Group, Loader, Pagination, Text } from '@mantine/core'
import { useMemo, useState } from 'react'

import type { Phone } from '../../api/types'
import { useI18n } from '../../i18n'
import { Fault } from '../../ui/Fault'
import { Page } from '../../ui/Page'
import { SearchText } from '../../ui/SearchText'
import { useSearch } from '../../ui/useSearch'
import { byUser, matchingUsers } from './names'
import { PhoneDialogs, type PhoneTask } from './PhoneDialogs'
import { usePhones, useUsers } from './queries'
import { UserDialogs, type UserTask } from './UserDialogs'
import { UserItem } from './UserItem'

const PAGE = 50

/** Who can call and be called, and with which phones. */
export default function People() {
  const { t } = useI18n()
  const [userTask, setUserTask] = useState<UserTask | null>(null)
  const [phoneTask, setPhoneTask] = useState<PhoneTask | null>(null)
  return (
    <Page
      title={t('people.title')}
      actions={<Button onClick={() => setUserTask({ kind: 'add' })}>{t('people.add_user')}</Button>}
    >
      <UserList onUser={setUserTask} onPhone={setPhoneTask} />
      <UserDialogs task={userTask} onDone={() => setUserTask(null)} />
      <PhoneDialogs task={phoneTask} onDone={() => setPhoneTask(null)} />
    </Page>
  )
}

const NO_PHONES: Phone[] = []

interface Props {
  onUser: (task: UserTask) => void
  onPhone: (task: PhoneTask) => void
}

function UserList({ onUser, onPhone }: Props) {
  const { t, tn } = useI18n()
  const [params, change] = useSearch()
  const text = params.get('q') ?? ''
  const users = useUsers()
  const phones = usePhones()
  const found = useMemo(() => matchingUsers(users.data ?? [], text), [users.data, text])
  const ofUser = useMemo(() => byUser(phones.data ?? []), [phones.data])
  if (users.isPending || phones.isPending) {
    return (
      <Center mih={200}>
        <Loader aria-label={t('common.loading')} />
      </Center>
    )
  }
  const error = users.error ?? phones.error
  const fault = error !== null && (
    <Fault
      error={error}
      retry={() => {
        void users.refetch()
        void phones.refetch()
      }}
    />
  )
  if (users.data === undefined || phones.data === undefined) return fault
  const pages = Math.max(1, Math.ceil(found.length / PAGE))
  const page = Math.min(pages, Math.max(1, Math.floor(Number(params.get('page'))) || 1))
  return (
    <>
      {fault}
      <Group justify="space-between" align="end">
        <SearchText
          label={t('common.search')}
          placeholder={t('people.search_hint')}
          value={text}
          onSearch={(q) => change({ q, page: null })}
          maxLength={100}
          w={260}
        />
        <Text size="sm" c="dimmed">
          {tn('people.count', found.length)}
        </Text>
      </Group>
      {found.length === 0 && <Text>{t('people.none_found')}</Text>}
      <Accordion multiple variant="separated" chevronPosition="left" order={2}>
        {found.slice((page - 1) * PAGE, page * PAGE).map((user) => (
          <UserItem
            key={user.id}
            user={user}
            phones={ofUser.get(user.id) ?? NO_PHONES}
            onUser={onUser}
            onPhone={onPhone}
          />
        ))}
      </Accordion>
      {pages > 1 && (
        <Pagination
          total={pages}
          value={page}
          onChange={(next) => change({ page: String(next) }, 'push')}
          getControlProps={(control) => ({
            'aria-label': t(
              control === 'previous' || control === 'first' ? 'common.previous' : 'common.following',
            ),
          })}
          getItemProps={(item) => ({ 'aria-label': t('common.page_of', { page: item, pages }) })}
        />
      )}
    </>
  )
}
