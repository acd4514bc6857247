import { Badge, Group, Paper, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'

import type { Cdr, LiveCall } from '../../api/types'
import { useI18n } from '../../i18n'
import { timer } from '../../i18n/format'
import { contextText, infoText, takenAway } from '../../ui/callWords'
import { Fact } from '../../ui/Fact'
import { Time } from '../../ui/Time'
import classes from './callpage.module.css'
import { partiesOf, type Party } from './party'
import { PartyName } from './PartyName'
import { causeText, endedByText, queueText, resultText, stateText } from './words'

/** Who called whom, when, and what became of it. */
export function Summary({ live, cdr }: { live: LiveCall | null; cdr: Cdr | null }) {
  const call = live ?? cdr
  if (call === null) return null
  const { from, to } = partiesOf(call)
  return (
    <Paper withBorder px="md" py="sm">
      <Stack gap="xs">
        <Group gap="sm">
          <Text size="lg" fw={650} component="p" m={0} className={classes.who}>
            <PartyName party={from} /> <span aria-hidden="true">→</span> <PartyName party={to} />
          </Text>
          {live !== null && <LiveState call={live} />}
          {live === null && cdr !== null && <Result cdr={cdr} />}
        </Group>
        <dl className={classes.facts}>
          {live !== null ? <LiveFacts call={live} /> : cdr !== null && <EndedFacts cdr={cdr} />}
          <Both name="flow.call_codecs" from={from} to={to} of="codec" />
          <Both name="flow.call_agents" from={from} to={to} of="agent" />
        </dl>
      </Stack>
    </Paper>
  )
}

function LiveState({ call }: { call: LiveCall }) {
  const { t } = useI18n()
  return (
    <Group gap="xs">
      <Badge color="green" variant="light" tt="none" title={call.state}>
        {stateText(t, call.state)}
      </Badge>
      <Text className="numbers" fw={650} role="timer">
        <Since at={call.connected_at ?? call.start_time} />
      </Text>
    </Group>
  )
}

/** A running timer. */
function Since({ at }: { at: number }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const tick = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(tick)
  }, [])
  return timer(now / 1000 - at)
}

function Result({ cdr }: { cdr: Cdr }) {
  const { t } = useI18n()
  const good = cdr.disposition === 'CONNECTED'
  const colour = good ? 'green' : takenAway(cdr) === null ? 'orange' : 'gray'
  return (
    <Badge color={colour} variant="light" tt="none" title={cdr.disposition}>
      {resultText(t, cdr)}
    </Badge>
  )
}

function LiveFacts({ call }: { call: LiveCall }) {
  const { t } = useI18n()
  return (
    <>
      <Fact name={t('flow.call_when')}>
        <Time at={call.start_time} />
      </Fact>
      <Fact name={t('flow.call_talk')}>
        {call.connected_at === null ? t('flow.call_not_answered') : <Since at={call.connected_at} />}
      </Fact>
      {call.queue_state !== '' && (
        <Fact name={t('flow.call_queue')}>
          <bdi>{queueText(t, call.queue_state)}</bdi>
        </Fact>
      )}
      {call.referred_by !== '' && (
        <Fact name={t('flow.call_referred_by')}>
          <bdi>{call.referred_by.slice(0, 200)}</bdi>
        </Fact>
      )}
      <Place destination={call.destination} context={call.context} />
    </>
  )
}

function EndedFacts({ cdr }: { cdr: Cdr }) {
  const { t } = useI18n()
  const { q850, name, sip } = cdr.cause
  return (
    <>
      <Fact name={t('flow.call_when')}>
        <Time at={cdr.calldate} />
      </Fact>
      <Fact name={t('flow.call_duration')}>{timer(cdr.duration)}</Fact>
      <Fact name={t('flow.call_talk')}>
        {cdr.disposition === 'CONNECTED' ? timer(cdr.billsec) : t('flow.call_not_answered')}
      </Fact>
      <Fact name={t('flow.call_cause')}>
        {causeText(t, name, cdr.t_cause)}
        <Text size="xs" c="dimmed">
          {t('flow.call_cause_codes', { text: cdr.t_cause, q850: String(q850), sip: String(sip) })}
        </Text>
      </Fact>
      {cdr.info !== '' && (
        <Fact name={t('flow.call_info')}>
          <bdi title={cdr.info.slice(0, 200)}>{infoText(t, cdr.info).slice(0, 200)}</bdi>
        </Fact>
      )}
      <Fact name={t('flow.call_by')}>{endedByText(t, cdr.terminated_by)}</Fact>
      <Place destination={cdr.destination} context={cdr.context} />
    </>
  )
}

function Place({ destination, context }: { destination: 'in' | 'out'; context: string }) {
  const { t } = useI18n()
  return (
    <>
      <Fact name={t('flow.call_direction')}>
        {t(destination === 'in' ? 'flow.call_in' : 'flow.call_out')}
      </Fact>
      <Fact name={t('flow.call_context')}>
        <bdi>{context}</bdi>
        <Text size="xs" c="dimmed">
          {contextText(t, context)}
        </Text>
      </Fact>
    </>
  )
}

function Both({
  name,
  from,
  to,
  of,
}: {
  name: 'flow.call_codecs' | 'flow.call_agents'
  from: Party
  to: Party
  of: 'codec' | 'agent'
}) {
  const { t } = useI18n()
  const sides = [from, to].map((party) => party[of].slice(0, 200))
  if (sides.every((side) => side === '')) return null
  if (sides[0] === sides[1]) {
    return (
      <Fact name={t(name)}>
        <bdi>{sides[0]}</bdi>
      </Fact>
    )
  }
  return (
    <Fact name={t(name)}>
      <Side name={t('flow.call_caller')} value={sides[0] ?? ''} />
      <Side name={t('flow.call_called')} value={sides[1] ?? ''} />
    </Fact>
  )
}

function Side({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <Text span size="xs" c="dimmed">
        {name}{' '}
      </Text>
      <bdi>{value === '' ? '–' : value}</bdi>
    </div>
  )
}
