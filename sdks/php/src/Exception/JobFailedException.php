<?php

declare(strict_types=1);

namespace Plasm\Exception;

use Plasm\Generated\Model\Job;
use Plasm\Generated\Model\JobReason;
use Plasm\Generated\Model\JobState;

/** A job ended without success: it exited non-zero, was stopped, cancelled, or could not be run. */
final class JobFailedException extends \RuntimeException implements PlasmException
{
    private const HINTS = [
        'timedOut' => 'Give it longer: \'timeout\' => 60.',
        'outputExceeded' => 'Let it write more: \'output\' => \'64MiB\'.',
        'memoryExhausted' => 'Run it again, or on another node.',
        'fuelExhausted' => 'Give it more fuel.',
        'noPeer' => 'See that your node knows executors (discover), or let it wait longer: \'queue\' => 300.',
    ];

    public readonly ?JobReason $reason;
    /** The next step, for a person. */
    public readonly ?string $hint;
    public readonly ?int $exitCode;

    /** @param string $stderr the end of what the guest wrote to stderr, at most 4 KiB */
    public function __construct(public readonly Job $job, public readonly string $stderr = '')
    {
        $this->reason = $job->reason;
        $this->exitCode = $job->exitCode;
        $this->hint = self::HINTS[$job->reason?->value ?? ''] ?? null;
        $why = match (true) {
            $job->state === JobState::CANCELLED => 'it was cancelled',
            $job->reason === JobReason::EXITED => "the guest exited with code $job->exitCode",
            default => 'reason ' . ($job->reason?->value ?? 'not given'),
        };
        $detail = $job->detail === null ? '' : " ($job->detail)";
        $hint = $this->hint === null ? '' : ". $this->hint";
        $tail = trim($stderr) === '' ? '' : "\nstderr: " . trim($stderr);
        parent::__construct("Job \"$job->id\" did not succeed: $why$detail$hint$tail");
    }
}
