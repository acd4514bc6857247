import { Button, Code, Group, Paper, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'

import { useI18n } from '../../i18n'
import { CopyButton } from '../../ui/CopyButton'
import { Page } from '../../ui/Page'
import { generateSecret } from '../../ui/secret'
import { LeaveGuard } from './LeaveGuard'
import { SavedNote } from './SavedNote'
import { SecretField } from './SecretField'
import { type Saved, useEditor } from './useEditor'
import { useComplaint, WebhookForm } from './WebhookForm'

export function NewWebhook() {
  const { t } = useI18n()
  const [secret, setSecret] = useState(generateSecret)
  const editor = useEditor(null, secret)
  const complaint = useComplaint(editor)
  const { outcome } = editor
  const [kept, setKept] = useState(false)
  const made = outcome?.kind === 'saved'
  return (
    <Page title={t('webhooks.new_title')}>
      <LeaveGuard
        when={editor.dirty || editor.saving || (made && !kept)}
        text={made ? t('webhooks.leave_secret') : undefined}
      />
      {made ? (
        <Made saved={outcome.saved} secret={kept ? null : secret} onKept={() => setKept(true)} />
      ) : (
        <WebhookForm
          editor={editor}
          webhook={null}
          secret={
            <SecretField
              value={secret}
              error={complaint('secret')}
              onChange={(typed) => {
                setSecret(typed)
                editor.forget(['secret'])
              }}
            />
          }
        />
      )}
    </Page>
  )
}

/** It is there: the last time that its secret can be seen. */
function Made({
  saved,
  secret,
  onKept,
}: {
  saved: Saved
  /** Null once it is kept elsewhere. */
  secret: string | null
  onKept: () => void
}) {
  const { t } = useI18n()
  return (
    <Stack maw={760}>
      <SavedNote saved={saved} />
      {secret !== null && (
        <Paper withBorder p="md">
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{t('webhooks.secret_last')}</Text>
            <Code fz="sm">{secret}</Code>
            <Group gap="xs">
              <CopyButton text={secret} label={t('webhooks.secret_copy')} />
              <Button variant="default" size="xs" onClick={onKept}>
                {t('webhooks.secret_kept')}
              </Button>
            </Group>
          </Stack>
        </Paper>
      )}
      <Group>
        <Button component={Link} href={`/webhooks/${saved.webhook.id}`}>
          {t('webhooks.go_on')}
        </Button>
        <Button component={Link} href="/webhooks" variant="default">
          {t('webhooks.go_list')}
        </Button>
      </Group>
    </Stack>
  )
}
