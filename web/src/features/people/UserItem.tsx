import { Accordion, Badge, Button, Group, Stack, Text } from '@mantine/core'

import type { Phone, User } from '../../api/types'
import { useI18n } from '../../i18n'
import { cut } from '../../ui/cut'
import { Peer } from '../../ui/Peer'
import { fullName } from './names'
import { PhoneCard } from './PhoneCard'
import type { PhoneTask } from './PhoneDialogs'
import type { UserTask } from './UserDialogs'

interface Props {
  user: User
  phones: Phone[]
  onUser: (task: UserTask) => void
  onPhone: (task: PhoneTask) => void
}

/** A user in the list; opened, what can be done, and the phones. */
export function UserItem({ user, phones, onUser, onPhone }: Props) {
  const { t } = useI18n()
  const name = cut(fullName(user), 40)
  return (
    <Accordion.Item value={String(user.id)}>
      <Accordion.Control>
        <Head user={user} phones={phones} />
      </Accordion.Control>
      <Accordion.Panel>
        <Stack>
          <Group gap="xs">
            <Button
              size="xs"
              variant="default"
              onClick={() => onUser({ kind: 'edit', user })}
              aria-label={`${t('common.edit')} ${name}`}
            >
              {t('common.edit')}
            </Button>
            <Button
              size="xs"
              variant="default"
              onClick={() => onPhone({ kind: 'add', user })}
              aria-label={`${t('people.add_phone')} ${name}`}
            >
              {t('people.add_phone')}
            </Button>
            <Button
              size="xs"
              variant="default"
              onClick={() => onUser({ kind: 'delete', user })}
              aria-label={`${t('common.delete')} ${name}`}
            >
              {t('common.delete')}
            </Button>
          </Group>
          {phones.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t('people.no_phone')}
            </Text>
          ) : (
            <Stack
              component="ul"
              gap="xs"
              p={0}
              m={0}
              style={{ listStyle: 'none' }}
              aria-label={t('people.phones')}
            >
              {phones.map((phone) => (
                <PhoneCard key={phone.id} phone={phone} onAct={(kind) => onPhone({ kind, phone })} />
              ))}
            </Stack>
          )}
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  )
}

function Head({ user, phones }: { user: User; phones: Phone[] }) {
  const { t } = useI18n()
  const registered = phones.filter((phone) => phone.registered).length
  return (
    <Group justify="space-between" gap="xs" pe="sm">
      <div>
        <Text fw={600}>
          <Peer text={fullName(user)} /> <span className="numbers">{user.ext}</span>
        </Text>
        <Text size="sm" c="dimmed">
          <Peer text={user.email} />
        </Text>
      </div>
      <Group gap={6}>
        {user.role === 'admin' && <Mark color="cyan">{t('people.role_admin')}</Mark>}
        {!user.active && <Mark color="red">{t('people.inactive')}</Mark>}
        {user.dnd && <Mark color="orange">{t('people.dnd_short')}</Mark>}
        <Mark color={registered > 0 ? 'green' : 'gray'}>
          {t('people.registered_of', { registered, phones: phones.length })}
        </Mark>
      </Group>
    </Group>
  )
}

function Mark({ color, children }: { color: string; children: string }) {
  return (
    <Badge variant="light" radius="sm" tt="none" color={color}>
      {children}
    </Badge>
  )
}
