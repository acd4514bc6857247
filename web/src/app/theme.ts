import { createTheme, type CSSVariablesResolver } from '@mantine/core'

/** Colours of enough contrast (WCAG AA) in light and dark. */
export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: { light: 9, dark: 9 },
  autoContrast: true,
  respectReducedMotion: true,
  cursorType: 'pointer',
  defaultRadius: 'md',
})

/** Under the pointer Mantine makes a filled button lighter, and its white words hard to read. */
const UNDER_POINTER = {
  '--mantine-primary-color-filled-hover': '#095c6b',
  '--mantine-color-cyan-filled-hover': '#095c6b',
}

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: UNDER_POINTER,
  dark: UNDER_POINTER,
})
