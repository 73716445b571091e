export const formatFlag = {
  type: 'string',
  description: `Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template`,
} as const;

export const inspectFormatFlag = {
  type: 'string',
  short: 'f',
  description: `Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template`,
} as const;
