import { Anchor, Badge, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core'
import { Link } from 'wouter'

import type { Cdr, Direction } from '../../api/types'
import { type Language, useI18n } from '../../i18n'
import { Fact } from '../../ui/Fact'
import classes from './callpage.module.css'
import { partiesOf, type Party } from './party'
import { PartyName } from './PartyName'
import { blame, type Grade, gradeOf, lossOf } from './quality'

const COLOURS: Record<Grade, string> = { good: 'green', fair: 'orange', poor: 'red' }

interface Props {
  cdr: Cdr | null
  /** The records of the whole conversation. */
  cdrs: readonly Cdr[]
}

/** How well the sound of both sides arrived. */
export function QualityTab({ cdr, cdrs }: Props) {
  const { t } = useI18n()
  if (cdr === null) return <Text>{t('quality.later')}</Text>
  const { quality } = cdr
  if (quality === undefined || quality === null || (quality.src === null && quality.dst === null)) {
    return <NoFigures cdr={cdr} others={cdrs.filter((one) => one !== cdr && hasFigures(one))} />
  }
  const { from, to } = partiesOf(cdr)
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Side name="quality.from_caller" party={from} direction={quality.src} />
        <Side name="quality.from_called" party={to} direction={quality.dst} />
      </SimpleGrid>
      <Text size="sm" c="dimmed" maw={720}>
        {t('quality.about')}
      </Text>
    </Stack>
  )
}

const hasFigures = ({ quality }: Cdr) => quality !== undefined && quality !== null

function NoFigures({ cdr, others }: { cdr: Cdr; others: readonly Cdr[] }) {
  const { t } = useI18n()
  return (
    <Stack gap={4} maw={620}>
      <Text>{t('quality.none')}</Text>
      <Text c="dimmed">
        {t(cdr.disposition === 'CONNECTED' ? 'quality.none_why' : 'quality.none_unanswered')}
      </Text>
      {others.length > 0 && (
        <Group gap="xs">
          <Text size="sm">{t('quality.elsewhere')}</Text>
          {others.map(({ live_id }) => (
            <Anchor key={live_id} component={Link} href={`/calls/${live_id}?tab=quality`} size="sm">
              {live_id}
            </Anchor>
          ))}
        </Group>
      )}
    </Stack>
  )
}

interface SideProps {
  name: 'quality.from_caller' | 'quality.from_called'
  party: Party
  direction: Direction | null
}

function Side({ name, party, direction }: SideProps) {
  const { t } = useI18n()
  return (
    <Paper withBorder p="md" component="section" aria-label={t(name)}>
      <Stack gap="sm">
        <div>
          <Text size="xs" c="dimmed">
            {t(name)}
          </Text>
          <Text fw={650} component="h2" size="md" m={0}>
            <PartyName party={party} />
          </Text>
        </div>
        {direction === null || direction.packets === 0 ? (
          <Text>{t('quality.nothing_sent')}</Text>
        ) : (
          <Figures direction={direction} />
        )}
      </Stack>
    </Paper>
  )
}

function Figures({ direction }: { direction: Direction }) {
  const { t, language } = useI18n()
  const grade = gradeOf(direction.mos)
  const fault = blame(direction)
  const trip = direction.round_trip_ms ?? null
  return (
    <>
      <Group gap="sm" align="center">
        <Text fz={30} fw={700} lh={1} className="numbers">
          {figure(direction.mos, 1, language)}
        </Text>
        <Badge color={COLOURS[grade]} variant="light" tt="none" size="lg">
          {t(`quality.${grade}`)}
        </Badge>
      </Group>
      <Text size="sm">
        {t(`quality.${grade}_text`)} {fault !== null && t(`quality.blame_${fault}`)}
      </Text>
      <dl className={classes.facts}>
        <Fact name={t('quality.packets')}>
          <span className="numbers">{figure(direction.packets, 0, language)}</span>
        </Fact>
        <Fact name={t('quality.lost')}>
          <span className="numbers">
            {t('quality.lost_of', {
              percent: figure(lossOf(direction), 2, language),
              lost: Math.max(0, direction.lost),
            })}
          </span>
        </Fact>
        <Fact name={t('quality.jitter')}>
          <span className="numbers">{t('quality.ms', { ms: figure(direction.jitter_ms, 1, language) })}</span>
        </Fact>
        {trip !== null && (
          <Fact name={t('quality.round_trip')}>
            <span className="numbers">{t('quality.ms', { ms: figure(trip, 0, language) })}</span>
          </Fact>
        )}
      </dl>
    </>
  )
}

function figure(value: number, digits: number, language: Language): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)
}
