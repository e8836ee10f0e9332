<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Api;

use Plasm\Generated\Model;
use Plasm\Http\{Request, RequestOptions, Transport};

/** Every method throws \Plasm\Exception\PlasmException. */
final class JobsApi
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Ask for a job to be cancelled
     * @param string $id The job
     */
    public function cancelJob(
        string $id,
        ?RequestOptions $options = null,
    ): Model\Job {
        $request = (new Request('POST', '/v1/jobs/{id}/cancel', 'application/json'))
            ->path('id', $id)
            ->with($options);
        return Model\Job::fromWire($this->transport->send($request)->json());
    }

    /**
     * Run a module
     * @param \Plasm\Generated\Model\JobManifest $jobManifest
     * @param string|null $idempotencyKey Sent again with the same key within 24 h, while the first job is kept, the request answers with that job
     * @param string|null $prefer wait=SECONDS: answer when the job has ended, or after so many seconds (60 at most)
     */
    public function createJob(
        \Plasm\Generated\Model\JobManifest $jobManifest,
        ?string $idempotencyKey = null,
        ?string $prefer = null,
        ?RequestOptions $options = null,
    ): Model\Job {
        $request = (new Request('POST', '/v1/jobs', 'application/json'))
            ->header('Idempotency-Key', $idempotencyKey)
            ->header('Prefer', $prefer)
            ->json($jobManifest)
            ->with($options);
        return Model\Job::fromWire($this->transport->send($request)->json());
    }

    /**
     * Say where a job stands
     * @param string $id The job
     * @param string|null $prefer wait=SECONDS: answer when the job has ended, or after so many seconds (60 at most)
     */
    public function getJob(
        string $id,
        ?string $prefer = null,
        ?RequestOptions $options = null,
    ): Model\Job {
        $request = (new Request('GET', '/v1/jobs/{id}', 'application/json', idempotent: true))
            ->path('id', $id)
            ->header('Prefer', $prefer)
            ->with($options);
        return Model\Job::fromWire($this->transport->send($request)->json());
    }

    /**
     * Get what a job wrote to stdout
     * @param string $id The job
     * @param string|null $prefer wait=SECONDS: answer when the job has ended, or after so many seconds (60 at most)
     */
    public function getJobOutput(
        string $id,
        ?string $prefer = null,
        ?RequestOptions $options = null,
    ): string {
        $request = (new Request('GET', '/v1/jobs/{id}/output', 'application/octet-stream', idempotent: true))
            ->path('id', $id)
            ->header('Prefer', $prefer)
            ->with($options);
        return $this->transport->send($request)->body;
    }

    /**
     * Get what a job wrote to stderr
     * @param string $id The job
     * @param string|null $prefer wait=SECONDS: answer when the job has ended, or after so many seconds (60 at most)
     */
    public function getJobStderr(
        string $id,
        ?string $prefer = null,
        ?RequestOptions $options = null,
    ): string {
        $request = (new Request('GET', '/v1/jobs/{id}/stderr', 'application/octet-stream', idempotent: true))
            ->path('id', $id)
            ->header('Prefer', $prefer)
            ->with($options);
        return $this->transport->send($request)->body;
    }

    /**
     * List jobs, newest first
     * @param \Plasm\Generated\Model\JobState|null $state
     * @param string|null $cursor nextCursor of the page before
     * @param int|null $limit How many at most. 50 unless given
     */
    public function listJobs(
        ?\Plasm\Generated\Model\JobState $state = null,
        ?string $cursor = null,
        ?int $limit = null,
        ?RequestOptions $options = null,
    ): Model\JobPage {
        $request = (new Request('GET', '/v1/jobs', 'application/json', idempotent: true))
            ->query('state', $state)
            ->query('cursor', $cursor)
            ->query('limit', $limit)
            ->with($options);
        return Model\JobPage::fromWire($this->transport->send($request)->json());
    }

    /**
     * Watch a job
     * @param string $id The job
     * @param int|null $lastEventID Number of the last event that was seen
     * @return \Generator<int, Model\JobEvent>
     */
    public function streamJobEvents(
        string $id,
        ?int $lastEventID = null,
        ?RequestOptions $options = null,
    ): \Generator {
        $request = (new Request('GET', '/v1/jobs/{id}/events', 'text/event-stream', idempotent: true))
            ->path('id', $id)
            ->header('Last-Event-ID', $lastEventID)
            ->with($options);
        foreach ($this->transport->stream($request) as $data) {
            yield Model\JobEvent::fromWire($data);
        }
    }
}
