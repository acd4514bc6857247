import { Button, Group, Paper, Stack, Text } from '@mantine/core'
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
  return (
    <Page title={t('webhooks.new_title')}>
      <LeaveGuard when={editor.dirty || editor.saving} />
      {outcome?.kind === 'saved' ? (
        <Made saved={outcome.saved} secret={secret} />
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
function Made({ saved, secret }: { saved: Saved; secret: string }) {
  const { t } = useI18n()
  return (
    <Stack maw={760}>
      <SavedNote saved={saved} />
      <Paper withBorder p="md">
        <Stack gap="xs" align="flex-start">
          <Text size="sm">{t('webhooks.secret_last')}</Text>
          <CopyButton text={secret} label={t('webhooks.secret_copy')} />
        </Stack>
      </Paper>
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
