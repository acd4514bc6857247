import { Alert, Button, Group, Paper, Stack, Text } from '@mantine/core'

import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'
import { hasComplaints, type Refusal } from './refusal'
import { TEST_SECONDS } from './TestButton'
import type { Editor } from './useEditor'
import { useReason } from './useReason'
import { Waiting } from './Waiting'

/** Saves, says how it stands with that, and lets it be given up. */
export function SaveBar({ editor, isNew }: { editor: Editor; isNew: boolean }) {
  const { t } = useI18n()
  const { saving, dirty, outcome, refusal } = editor
  const asks = isNew || editor.body.url !== undefined
  return (
    <Paper
      withBorder
      shadow="md"
      p="sm"
      mt="lg"
      maw={760}
      pos="sticky"
      bottom={8}
      style={{ zIndex: 10 }}
      data-testid="save-bar"
    >
      <Stack gap="xs">
        {refusal !== null && <Refused refusal={refusal} />}
        {outcome?.kind === 'cancelled' && (
          <Text size="sm" role="status">
            {t('webhooks.cancelled')}
          </Text>
        )}
        {/* Keys keep the buttons apart: were Cancel turned into Save while it is clicked, the click would save. */}
        {saving ? (
          <Group key="saving" align="flex-end">
            <Stack flex={1} miw={180}>
              <Waiting text={t(asks ? 'webhooks.asking' : 'webhooks.saving')} most={TEST_SECONDS} />
            </Stack>
            <Button variant="default" onClick={editor.cancel} autoFocus>
              {t('common.cancel')}
            </Button>
          </Group>
        ) : (
          <Group key="resting" justify="space-between">
            <Text size="sm" c="dimmed" flex="1 1 200px">
              {t(dirty ? (asks ? 'webhooks.will_ask' : 'webhooks.unsaved') : 'webhooks.nothing_to_save')}
            </Text>
            <Button type="submit" disabled={!dirty}>
              {t('common.save')}
            </Button>
          </Group>
        )}
      </Stack>
    </Paper>
  )
}

/** What went wrong as a whole; what is about a field stands there. */
function Refused({ refusal }: { refusal: Refusal }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const reason = useReason()
  const pointed = hasComplaints(refusal)
  const url = refusal.fields.url
  return (
    <Alert color="red" role="alert" title={t('webhooks.not_saved')} p="xs">
      <Stack gap={4}>
        {url !== undefined && refusal.exchange !== null ? (
          <bdi>{reason(url.message)}</bdi>
        ) : (
          <span>
            {pointed || refusal.error === null ? t('webhooks.see_fields') : errorText(refusal.error)}
          </span>
        )}
        {refusal.others.map(({ field, message }) => (
          <bdi key={field}>{`${field}: ${reason(message)}`}</bdi>
        ))}
      </Stack>
    </Alert>
  )
}
