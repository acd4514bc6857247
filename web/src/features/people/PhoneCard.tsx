import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core'

import type { Phone } from '../../api/types'
import { useI18n } from '../../i18n'
import { cut } from '../../ui/cut'
import { isolate } from '../../ui/isolate'
import { Peer } from '../../ui/Peer'
import { Time } from '../../ui/Time'

export type PhoneAction = 'rename' | 'reset' | 'delete'

/** A phone: whether and from where it is registered. */
export function PhoneCard({ phone, onAct }: { phone: Phone; onAct: (action: PhoneAction) => void }) {
  const { t } = useI18n()
  const actions: [PhoneAction, string][] = [
    ['rename', t('people.rename')],
    ['reset', t('people.reset')],
    ['delete', t('common.delete')],
  ]
  return (
    <Paper withBorder p="sm" component="li" aria-label={phone.username}>
      <Group justify="space-between" align="flex-start">
        <div>
          <Group gap="xs">
            <Text fw={600}>
              <Peer text={phone.username} />
            </Text>
            <Badge variant="light" radius="sm" tt="none" color={phone.registered ? 'green' : 'gray'}>
              {t(phone.registered ? 'people.registered' : 'people.not_registered')}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed">
            <Peer text={phone.display_name} />
          </Text>
        </div>
        <Group gap="xs">
          {actions.map(([action, label]) => (
            <Button
              key={action}
              size="compact-sm"
              variant="default"
              onClick={() => onAct(action)}
              aria-label={`${label} ${cut(phone.username, 40)}`}
            >
              {label}
            </Button>
          ))}
        </Group>
      </Group>
      <Registrations phone={phone} />
    </Paper>
  )
}

function Registrations({ phone }: { phone: Phone }) {
  const { t } = useI18n()
  if (phone.registrations.length === 0) return null
  return (
    <Stack gap={6} mt="xs">
      {phone.registrations.map((registration) => (
        <Text size="sm" key={registration.contact} component="div">
          <Text size="sm" ff="monospace">
            <Peer text={registration.contact} most={120} />
          </Text>
          {registration.user_agent !== '' && (
            <Text size="sm" c="dimmed">
              <Peer text={registration.user_agent} most={120} />
            </Text>
          )}
          <Text size="sm" c="dimmed">
            {t('people.from_address', {
              address: isolate(cut(registration.address, 60)),
              transport: registration.transport.toUpperCase(),
            })}
          </Text>
          <Text size="sm" c="dimmed">
            {t('people.expires')} <Time at={registration.expires_at} />
          </Text>
        </Text>
      ))}
    </Stack>
  )
}
