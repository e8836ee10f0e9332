/** What is used is counted by whoever writes (usage.ts), and written once for each transaction: triggers cost a tenth of a job. */
export const usage = `
DROP TRIGGER contentsAdded;
DROP TRIGGER contentsDeleted;
DROP TRIGGER jobsAdded;
DROP TRIGGER jobsChanged;
DROP TRIGGER jobsDeleted;
`
