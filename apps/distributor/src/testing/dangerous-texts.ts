/** Each of them a spreadsheet would run, or would break its rows; what a person may write anywhere. */
export const dangerousTexts: readonly string[] = [
  '=1+1',
  '+1+cmd|evil',
  '-1+1',
  '@SUM(A1:A9)',
  '=HYPERLINK("http://evil.example","click")',
  '＝1+1',
  'a, comma; "quotes"\nand a line',
  "'=1",
];

/** What OWASP names: text that begins with one of these is a formula to some spreadsheet, full-width ones too. */
export const formulaStart = /^[=+\-@\t\r＝＋－＠]/;
