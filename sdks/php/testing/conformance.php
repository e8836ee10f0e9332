<?php

/* The PHP SDK's runner of sdks/conformance: reads a scenario's calls from stdin, does them, writes a line of JSON for each. */

declare(strict_types=1);

use Plasm\Client;
use Plasm\Exception\ApiException;
use Plasm\Exception\InvalidArgumentException;
use Plasm\Exception\JobFailedException;
use Plasm\Exception\PlasmException;
use Plasm\Exception\ProtocolException;
use Plasm\Exception\ReceiptException;
use Plasm\Exception\TimeoutException;
use Plasm\Exception\TransportException;
use Plasm\Generated\Model\Job;
use Plasm\Generated\Model\ReceiptCheck;
use Plasm\Phase\Invalid;

require __DIR__ . '/../autoload.php';

$scenario = json_decode((string) stream_get_contents(STDIN), true, 32, JSON_THROW_ON_ERROR);
$client = $scenario['client'];
$plasm = new Client($scenario['url'], token: $client['token'] ?? null, timeout: $client['timeout'] ?? 30.0, progress: false);
$jobs = [];
foreach ($scenario['calls'] as $call) {
    try {
        $ok = perform($plasm, $call, $jobs);
        if (isset($call['as'])) {
            $jobs[$call['as']] = $ok['jobId'];
        }
        $line = ['ok' => (object) $ok];
    } catch (PlasmException $error) {
        $line = ['error' => described($error)];
    }
    echo json_encode($line, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}

/**
 * @param array<string, mixed> $call
 * @param array<string, string> $jobs
 * @return array<string, mixed>
 */
function perform(Client $plasm, array $call, array $jobs): array
{
    $job = $jobs[$call['job'] ?? $call['receiptOf'] ?? ''] ?? $call['job'] ?? '';
    $timeout = $call['timeout'] ?? null;
    return match ($call['call']) {
        'submit' => ['jobId' => $plasm->submit(module($call['module']), options($call['options'] ?? []))],
        'status' => state($plasm->status($job)),
        'cancel' => state($plasm->cancel($job)),
        'wait' => state($plasm->wait($job, $timeout)),
        'result' => ['base64' => base64_encode($plasm->result($job, $timeout))],
        'events' => events($plasm, $job, $call),
        'receipt' => receipt($plasm, $job),
        'verify' => verify($plasm, $job, $call),
        'peers' => ['count' => count($plasm->peers())],
        'discover' => ['count' => count($plasm->discover())],
        'node' => array_intersect_key(get_object_vars($plasm->node()), ['peerId' => 0, 'did' => 0]),
        default => exit(2),
    };
}

function module(string $named): string
{
    return str_starts_with($named, 'bytes:') ? (string) file_get_contents(substr($named, strlen('bytes:'))) : $named;
}

/**
 * @param array<string, mixed> $given
 * @return array<string, mixed>
 */
function options(array $given): array
{
    $stream = $given['stdin']['stream'] ?? null;
    return ($stream === null ? [] : ['stdin' => fopen($stream, 'rb')]) + $given;
}

/** @return array<string, mixed> */
function state(Job $job): array
{
    return array_filter(
        ['state' => $job->state->value, 'reason' => $job->reason?->value, 'exitCode' => $job->exitCode],
        static fn (mixed $value): bool => $value !== null,
    );
}

/**
 * @param array<string, mixed> $call
 * @return array<string, mixed>
 */
function events(Client $plasm, string $job, array $call): array
{
    $said = ['sequences' => [], 'types' => []];
    foreach ($plasm->events($job, $call['after'] ?? 0) as $event) {
        $said['sequences'][] = $event->sequence;
        $said['types'][] = $event->type;
        if (count($said['types']) === ($call['take'] ?? null)) {
            break;
        }
    }
    return $said;
}

/** @return array<string, mixed> */
function receipt(Client $plasm, string $job): array
{
    $receipt = $plasm->receipt($job);
    $read = json_decode((string) $receipt, true);
    return ['receiptId' => $receipt->id, 'exact' => isset($read['payload'], $read['signatures'])];
}

/**
 * @param array<string, mixed> $call
 * @return array<string, mixed>
 */
function verify(Client $plasm, string $job, array $call): array
{
    $what = isset($call['receiptOf']) ? $plasm->receipt($job) : $job;
    $found = $plasm->verify($what, executor: $call['executor'] ?? null, expected: $call['expected'] ?? []);
    return ['verdict' => $found->verdict, 'assurance' => $found->assurance, 'executor' => $found->executor];
}

/** @return array<string, mixed> */
function described(PlasmException $error): array
{
    $first = static function (ReceiptException $error): ?string {
        $open = array_filter($error->verification->checks ?? [], static fn (ReceiptCheck $one): bool => $one->result !== 'passed');
        return $open === [] ? null : reset($open)->name;
    };
    $said = match (true) {
        $error instanceof ApiException => [
            'kind' => 'api', 'code' => $error->errorCode, 'status' => $error->status, 'hint' => $error->hint,
            'requestId' => $error->requestId, 'pointer' => $error->pointer, 'retryAfter' => $error->retryAfter,
        ],
        $error instanceof TimeoutException => ['kind' => 'timeout'],
        $error instanceof TransportException => ['kind' => 'transport'],
        $error instanceof ProtocolException => ['kind' => 'protocol'],
        $error instanceof JobFailedException => [
            'kind' => 'jobFailed', 'state' => $error->job->state->value, 'reason' => $error->reason?->value,
            'exitCode' => $error->exitCode, 'stderr' => $error->stderr,
        ],
        $error instanceof ReceiptException => [
            'kind' => 'receipt', 'verdict' => $error->verification?->verdict, 'check' => $first($error),
        ],
        $error instanceof InvalidArgumentException, $error instanceof Invalid => ['kind' => 'argument'],
        default => ['kind' => $error::class],
    };
    return array_filter($said, static fn (mixed $value): bool => $value !== null) + ['message' => $error->getMessage()];
}
