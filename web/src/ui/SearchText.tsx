import { TextInput, type TextInputProps } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useState } from 'react'

interface Props extends Omit<TextInputProps, 'value' | 'onChange' | 'defaultValue'> {
  value: string
  onSearch: (value: string) => void
}

/** A field whose text takes effect when the typing rests, so that not each letter is a request. */
export function SearchText({ value, onSearch, ...input }: Props) {
  const [draft, setDraft] = useState(value)
  const [known, setKnown] = useState(value)
  const search = useDebouncedCallback((text: string) => onSearch(text.trim()), 300)
  // The address bar may change by itself: back, a link.
  if (value !== known) {
    setKnown(value)
    if (value !== draft.trim()) setDraft(value)
  }
  return (
    <TextInput
      {...input}
      value={draft}
      onChange={(event) => {
        setDraft(event.currentTarget.value)
        search(event.currentTarget.value)
      }}
    />
  )
}
