<?php

declare(strict_types=1);

namespace Plasm\Exception;

use Plasm\Generated\Model\Job;
use Plasm\Generated\Model\JobReason;
use Plasm\Generated\Model\JobState;

/** A job ended without success: it exited non-zero, was stopped, cancelled, or could not be run. */
final class JobFailedException extends \RuntimeException implements PlasmException
{
    public readonly ?JobReason $reason;
    public readonly ?int $exitCode;

    /** @param string $stderr the end of what the guest wrote to stderr, at most 4 KiB */
    public function __construct(public readonly Job $job, public readonly string $stderr = '')
    {
        $this->reason = $job->reason;
        $this->exitCode = $job->exitCode;
        $why = match (true) {
            $job->state === JobState::CANCELLED => 'it was cancelled',
            $job->reason === JobReason::EXITED => "the guest exited with code $job->exitCode",
            default => 'reason ' . ($job->reason?->value ?? 'not given'),
        };
        $detail = $job->detail === null ? '' : " ($job->detail)";
        $tail = trim($stderr) === '' ? '' : "\nstderr: " . trim($stderr);
        parent::__construct("Job \"$job->id\" did not succeed: $why$detail$tail");
    }
}
