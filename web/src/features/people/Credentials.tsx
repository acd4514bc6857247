import { Alert, Box, Group, Stack, Text } from '@mantine/core'

import type { Phone } from '../../api/types'
import { type Key, useI18n } from '../../i18n'
import { CopyButton } from '../../ui/CopyButton'
import { QrCode } from './QrCode'
import { sipUri } from './sip'

/** What a phone has to be told. The password is in no other answer of the server, so it is shown once. */
export function Credentials({ phone }: { phone: Phone }) {
  const { t } = useI18n()
  const { username, password = '', sip_domain: domain = '' } = phone
  const values: [Key, string][] = [
    ['people.username', username],
    ['people.password', password],
    ['people.domain', domain],
  ]
  return (
    <Stack>
      <Alert color="yellow" role="status">
        {t('people.shown_once')}
      </Alert>
      <Group align="flex-start" gap="lg">
        <Box>
          <QrCode text={sipUri(username, password, domain)} label={t('people.qr', { username })} />
          <Text size="xs" c="dimmed" maw={220}>
            {t('people.qr_hint')}
          </Text>
        </Box>
        <Stack gap="sm" miw={0} flex="1 1 240px">
          {values.map(([key, value]) => (
            <Group key={key} justify="space-between" wrap="nowrap" gap="sm">
              <Box miw={0}>
                <Text size="xs" c="dimmed" id={`credential-${key}`}>
                  {t(key)}
                </Text>
                <Text ff="monospace" aria-labelledby={`credential-${key}`} role="group">
                  {value}
                </Text>
              </Box>
              <CopyButton text={value} aria-label={t('people.copy_what', { what: t(key) })} />
            </Group>
          ))}
        </Stack>
      </Group>
    </Stack>
  )
}
