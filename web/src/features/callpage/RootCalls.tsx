import { Anchor, Paper, Stack, Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'

import type { Cdr, LiveCall } from '../../api/types'
import { useI18n } from '../../i18n'
import { timer } from '../../i18n/format'
import { contextText } from '../../ui/callWords'
import { Time } from '../../ui/Time'
import { partiesOf, type Party } from './party'
import { PartyName } from './PartyName'
import { causeText, resultText, stateText } from './words'

interface Props {
  /** The call that is looked at. */
  id: number
  live: readonly LiveCall[]
  cdrs: readonly Cdr[]
}

/** The calls of one root: the members of a group that rang, both sides of a transfer. */
export function RootCalls({ id, live, cdrs }: Props) {
  const { t } = useI18n()
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Text fw={650} component="h2" size="sm" m={0} id="root-calls">
          {t('flow.call_all')}
        </Text>
        <Table.ScrollContainer minWidth={780} type="native">
          <Table aria-labelledby="root-calls" verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{t('flow.call_id')}</Table.Th>
                <Table.Th scope="col">{t('flow.call_caller')}</Table.Th>
                <Table.Th scope="col">{t('flow.call_called')}</Table.Th>
                <Table.Th scope="col">{t('flow.call_context')}</Table.Th>
                <Table.Th scope="col">{t('flow.call_when')}</Table.Th>
                <Table.Th scope="col">{t('flow.call_result')}</Table.Th>
                <Table.Th scope="col">{t('flow.call_duration')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {live.map((call) => (
                <Line
                  key={call.id}
                  id={call.id}
                  current={id}
                  context={call.context}
                  at={call.start_time}
                  {...partiesOf(call)}
                >
                  <Table.Td>{stateText(t, call.state)}</Table.Td>
                  <Table.Td>{t('flow.call_live')}</Table.Td>
                </Line>
              ))}
              {cdrs.map((cdr) => (
                <Line
                  key={cdr.live_id}
                  id={cdr.live_id}
                  current={id}
                  context={cdr.context}
                  at={cdr.calldate}
                  {...partiesOf(cdr)}
                >
                  <Table.Td>
                    {resultText(t, cdr)}
                    <Text size="xs" c="dimmed">
                      {causeText(t, cdr.cause.name, cdr.t_cause)}
                    </Text>
                  </Table.Td>
                  <Table.Td className="numbers">{timer(cdr.duration)}</Table.Td>
                </Line>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Stack>
    </Paper>
  )
}

interface LineProps {
  id: number
  current: number
  context: string
  at: string | number
  from: Party
  to: Party
  children: ReactNode
}

function Line({ id, current, context, at, from, to, children }: LineProps) {
  const { t } = useI18n()
  return (
    <Table.Tr aria-current={id === current ? 'true' : undefined}>
      <Table.Th scope="row">
        {id === current ? (
          <>
            {id} <Text span size="xs" c="dimmed">{`(${t('flow.call_this')})`}</Text>
          </>
        ) : (
          <Anchor component={Link} href={`/calls/${id}`} size="sm">
            {id}
          </Anchor>
        )}
      </Table.Th>
      <Table.Td>
        <PartyName party={from} />
      </Table.Td>
      <Table.Td>
        <PartyName party={to} />
      </Table.Td>
      <Table.Td>
        <Text size="xs" component="span" c="dimmed">
          <bdi title={contextText(t, context) ?? undefined}>{context}</bdi>
        </Text>
      </Table.Td>
      <Table.Td>
        <Time at={at} />
      </Table.Td>
      {children}
    </Table.Tr>
  )
}
