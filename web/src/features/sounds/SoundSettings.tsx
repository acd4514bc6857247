import { Fieldset, Select, SimpleGrid } from '@mantine/core'
import { notifications } from '@mantine/notifications'

import type { Settings, Sound, SoundUse } from '../../api/types'
import { useI18n } from '../../i18n'
import { LANGUAGES } from '../../i18n/catalogue'
import { useErrorText } from '../../ui/errorText'
import { useFieldText } from '../../ui/fieldText'
import { Loaded } from '../../ui/Loaded'
import { useChoose, useSettings } from './queries'

/** What of the library is heard where. A choice holds at once: the next call hears it. */
export function SoundSettings({ sounds }: { sounds: Sound[] }) {
  const { t } = useI18n()
  const settings = useSettings()
  return (
    <Fieldset legend={t('sounds.heard')} m={0}>
      <Loaded query={settings}>
        {(chosen) => (
          <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
            <Choice of="music" chosen={chosen} sounds={sounds} />
            <Choice of="ringback" chosen={chosen} sounds={sounds} />
            <Choice of="greeting" chosen={chosen} sounds={sounds} />
            <LanguageChoice chosen={chosen} />
          </SimpleGrid>
        )}
      </Loaded>
    </Fieldset>
  )
}

interface Props {
  of: SoundUse
  chosen: Settings
  sounds: Sound[]
}

function Choice({ of, chosen, sounds }: Props) {
  const { t } = useI18n()
  const { value, error, choose } = useChoice(of, chosen)
  return (
    <Select
      label={t(`sounds.${of}`)}
      description={t(`sounds.${of}_hint`)}
      data={[
        { value: '', label: t(`sounds.${of}_built_in`) },
        ...sounds.map(({ id, name }) => ({ value: String(id), label: name })),
      ]}
      value={value?.toString() ?? ''}
      allowDeselect={false}
      searchable={sounds.length > 10}
      onChange={(id) => choose(id === null || id === '' ? null : Number(id))}
      error={error}
    />
  )
}

/** Callers may speak another language than who looks at the page. */
function LanguageChoice({ chosen }: { chosen: Settings }) {
  const { t } = useI18n()
  const { value, error, choose } = useChoice('language', chosen)
  return (
    <Select
      label={t('sounds.language')}
      description={t('sounds.language_hint')}
      data={LANGUAGES.map((language) => ({ value: language, label: t(`sounds.language_${language}`) }))}
      value={value}
      allowDeselect={false}
      onChange={(language) => {
        if (language !== null) choose(language)
      }}
      error={error}
    />
  )
}

/** A setting that holds as soon as it is chosen; what was refused is told, and is as it was. */
function useChoice<Name extends keyof Settings>(name: Name, chosen: Settings) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const fieldText = useFieldText()
  const { mutate, isPending, variables, error } = useChoose()
  const sent = isPending ? variables[name] : undefined
  return {
    value: sent === undefined ? chosen[name] : sent,
    error: error === null ? undefined : (fieldText(error, name) ?? errorText(error)),
    choose: (value: Settings[Name]) =>
      mutate({ [name]: value }, { onSuccess: () => notifications.show({ message: t('sounds.saved') }) }),
  }
}
