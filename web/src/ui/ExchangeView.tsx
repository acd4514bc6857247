import { Badge, Code, Group, Stack, Tabs, Text } from '@mantine/core'

import { useI18n } from '../i18n'
import { pretty } from './pretty'

interface Props {
  requestHeaders: Record<string, string>
  requestBody: string
  status: number | null
  ms: number
  error?: string | null
  responseHeaders: Record<string, string>
  responseBody: string
}

/** A POST and its answer, headers and bodies. */
export function ExchangeView(props: Props) {
  const { t } = useI18n()
  const { status, ms, error } = props
  const good = status !== null && status >= 200 && status < 300
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Badge color={good ? 'green' : 'red'} variant="light">
          {status ?? t('common.no_answer')}
        </Badge>
        <Text size="sm">{t('common.in_ms', { ms })}</Text>
        {error !== undefined && error !== null && (
          <Text size="sm" c="var(--mantine-color-error)">
            {error}
          </Text>
        )}
      </Group>
      <Tabs defaultValue="request" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="request">{t('common.request')}</Tabs.Tab>
          <Tabs.Tab value="response">{t('common.response')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="request" pt="xs">
          <Part headers={props.requestHeaders} body={props.requestBody} />
        </Tabs.Panel>
        <Tabs.Panel value="response" pt="xs">
          <Part headers={props.responseHeaders} body={props.responseBody} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}

function Part({ headers, body }: { headers: Record<string, string>; body: string }) {
  const { t } = useI18n()
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {t('common.headers')}
      </Text>
      <Code block tabIndex={0}>
        {lines.length === 0 ? t('common.nothing') : lines.join('\n')}
      </Code>
      <Text size="sm" fw={600}>
        {t('common.body')}
      </Text>
      <Code block tabIndex={0}>
        {body === '' ? t('common.nothing') : pretty(body)}
      </Code>
    </Stack>
  )
}
