/** What a check finds. */

export interface Finding {
  result: 'fine' | 'doubtful' | 'wrong' | 'skipped'
  detail: string
  /** Where there is something to do. */
  fix?: string
}

export interface Check {
  name: string
  look: () => Promise<Finding>
}

export const fine = (detail: string): Finding => ({ result: 'fine', detail })
export const doubtful = (detail: string, fix: string): Finding => ({ result: 'doubtful', detail, fix })
export const wrong = (detail: string, fix: string): Finding => ({ result: 'wrong', detail, fix })
export const skipped = (detail: string): Finding => ({ result: 'skipped', detail })
