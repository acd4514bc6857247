import { Button, Center, Loader, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useLocation } from 'wouter'

import type { Phone, User } from '../../api/types'
import { useI18n } from '../../i18n'
import { Fault } from '../../ui/Fault'
import { Page } from '../../ui/Page'
import { usePhones, useUsers } from '../people/queries'
import { UserForm } from '../people/UserForm'
import { useSession } from '../session/session'
import { useIntegration, useWebhooks } from '../webhooks/queries'
import { AdminStep } from './AdminStep'
import { CallStep } from './CallStep'
import { PhoneStep } from './PhoneStep'
import { nextStep, readProgress, type Step, STEPS, writeProgress } from './progress'
import { StepCard } from './StepCard'
import { useFirstCall } from './useFirstCall'
import { WebhookStep } from './WebhookStep'

/** The address that an installation begins with. */
const FIRST_EMAIL = 'admin@localhost'

/** What a new server needs, on one page. */
export default function Welcome() {
  const { t } = useI18n()
  const users = useUsers()
  const phones = usePhones()
  const webhooks = useWebhooks()
  const integration = useIntegration()
  const [, go] = useLocation()
  const all = [users, phones, webhooks, integration]
  const failed = all.find(({ isError, data }) => isError && data === undefined)
  const leave = () => {
    writeProgress({ ...readProgress(), dismissed: true })
    go('/calls')
  }
  const content = () => {
    if (failed !== undefined) return <Fault error={failed.error} retry={() => void failed.refetch()} />
    if (
      users.data === undefined ||
      phones.data === undefined ||
      webhooks.data === undefined ||
      integration.data === undefined
    ) {
      return (
        <Center mih={200}>
          <Loader aria-label={t('common.loading')} />
        </Center>
      )
    }
    const sends = webhooks.data.total > 0 && integration.data.enabled
    return <Steps users={users.data} phones={phones.data} sends={sends} />
  }
  return (
    <Page
      title={t('welcome.title')}
      actions={
        <Button variant="default" onClick={leave}>
          {t('welcome.leave')}
        </Button>
      }
    >
      <Text maw={720}>{t('welcome.intro')}</Text>
      {content()}
    </Page>
  )
}

interface Props {
  users: User[]
  phones: Phone[]
  /** Whether there is a webhook, and the server sends. */
  sends: boolean
}

function Steps({ users, phones, sends }: Props) {
  const { t } = useI18n()
  const { me } = useSession()
  const [skipped, setSkipped] = useState(() => readProgress().skipped)
  const [saved, setSaved] = useState<Step[]>([])
  const [recent, setRecent] = useState<User | undefined>()
  const [made, setMade] = useState(0)
  const [call, watchAgain] = useFirstCall()
  const others = users.filter(({ id }) => id !== me.id)
  const done: Record<Step, boolean> = {
    admin: saved.includes('admin') || me.email !== FIRST_EMAIL,
    user: others.length > 0,
    phone: phones.length > 0,
    webhook: sends,
    call: call.over,
  }
  const [opened, setOpened] = useState<Step | null>(() => nextStep(done, skipped))
  const skip = (step: Step) => {
    const now = [...skipped, step]
    setSkipped(now)
    writeProgress({ ...readProgress(), skipped: now })
    setOpened(nextStep(done, now))
  }
  const finish = (step: Step) => {
    setSaved((before) => [...before, step])
    // Whoever went on to another step meanwhile stays there.
    setOpened((now) => (now === step ? nextStep({ ...done, [step]: true }, skipped) : now))
  }
  const withPhone = (user: User) => phones.some(({ user_id: id }) => id === user.id)
  const likely = recent ?? others.find((user) => !withPhone(user)) ?? others[0] ?? users[0]
  const reachable = users.find(({ nb_registered: n, active }) => n > 0 && active)
  const content: Record<Step, ReactNode> = {
    admin: <AdminStep onDone={() => finish('admin')} />,
    user: (
      <UserForm
        // Empty again for another one.
        key={made}
        user={null}
        short
        onSaved={(user) => {
          setRecent(user)
          setMade((before) => before + 1)
          finish('user')
        }}
      />
    ),
    phone: <PhoneStep users={users} likely={likely} onDone={() => finish('phone')} />,
    webhook: <WebhookStep onDone={() => finish('webhook')} />,
    call: <CallStep ext={(reachable ?? likely)?.ext ?? me.ext} call={call} onAgain={watchAgain} />,
  }
  return (
    <Stack maw={820}>
      {STEPS.map((step, at) => (
        <StepCard
          key={step}
          n={at + 1}
          title={t(`welcome.${step}`)}
          text={t(`welcome.${step}_text`)}
          state={done[step] ? 'done' : skipped.includes(step) ? 'skipped' : 'open'}
          opened={opened === step}
          onOpen={() => setOpened(step)}
          onSkip={() => skip(step)}
        >
          {content[step]}
        </StepCard>
      ))}
    </Stack>
  )
}
