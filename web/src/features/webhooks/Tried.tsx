import { Paper, Stack, Text } from '@mantine/core'

import type { Exchange } from '../../api/client'
import { ExchangeView } from '../../ui/ExchangeView'

/** The test of a save: what was sent, and what came back. */
export function Tried({ title, exchange }: { title: string; exchange: Exchange }) {
  return (
    <Paper withBorder p="sm">
      <Stack gap="xs">
        <Text size="sm" fw={600}>
          {title}
        </Text>
        <ExchangeView
          requestHeaders={exchange.request_headers}
          requestBody={exchange.request_body}
          status={exchange.status}
          ms={exchange.ms}
          responseHeaders={exchange.response_headers}
          responseBody={exchange.response_body}
        />
      </Stack>
    </Paper>
  )
}
