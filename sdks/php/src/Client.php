<?php

declare(strict_types=1);

namespace Plasm;

use Plasm\Exception\InvalidArgumentException;
use Plasm\Exception\JobFailedException;
use Plasm\Exception\NotFinishedException;
use Plasm\Exception\NotFoundException;
use Plasm\Exception\ProtocolException;
use Plasm\Exception\ReceiptException;
use Plasm\Exception\TimeoutException;
use Plasm\Generated\Api\BlobsApi;
use Plasm\Generated\Api\JobsApi;
use Plasm\Generated\Api\ModulesApi;
use Plasm\Generated\Api\NodeApi;
use Plasm\Generated\Api\PeersApi;
use Plasm\Generated\Api\ReceiptsApi;
use Plasm\Generated\Model\Job;
use Plasm\Generated\Model\JobEvent;
use Plasm\Generated\Model\JobState;
use Plasm\Generated\Model\NodeStatus;
use Plasm\Generated\Model\Peer;
use Plasm\Generated\Model\Stdin;
use Plasm\Generated\Model\Verification;
use Plasm\Http\CurlTransport;
use Plasm\Http\Request;
use Plasm\Http\RequestOptions;
use Plasm\Http\Transport;
use Plasm\Phase\Digest;

/**
 * A Plasm node, as a PHP program uses it:
 *
 *     $plasm = new Plasm\Client();
 *     $jobId = $plasm->submit('hello.wasm', ['cpu' => 1]);
 *     echo $plasm->result($jobId);
 *
 * Everything throws Plasm\Exception\PlasmException. The generated API stays in reach: `$plasm->jobs->getJob($jobId)`.
 */
final class Client
{
    private const URL = 'http://127.0.0.1:7527';
    /** One answer is waited for so long before it is asked for again: proxies cut what says nothing. */
    private const WAIT_SECONDS = 25;
    private const STDIN_INLINE_BYTES_MAX = 262_144;
    private const STDERR_TAIL_BYTES = 4096;

    public readonly JobsApi $jobs;
    public readonly ModulesApi $modules;
    public readonly BlobsApi $blobs;
    public readonly ReceiptsApi $receipts;
    public readonly PeersApi $peers;
    public readonly NodeApi $node;
    private readonly Transport $transport;
    private readonly Evidence $evidence;

    /**
     * @param string|null $url where the node's API is; PLASM_URL, else the local default
     * @param string|null $token PLASM_TOKEN, else none
     * @param float $timeout seconds for one call
     */
    public function __construct(?string $url = null, ?string $token = null, float $timeout = 30.0, ?Transport $transport = null)
    {
        $this->transport = $transport ?? new CurlTransport(
            $url ?? (getenv('PLASM_URL') ?: self::URL),
            $token ?? (getenv('PLASM_TOKEN') ?: null),
            $timeout,
        );
        $this->jobs = new JobsApi($this->transport);
        $this->modules = new ModulesApi($this->transport);
        $this->blobs = new BlobsApi($this->transport);
        $this->receipts = new ReceiptsApi($this->transport);
        $this->peers = new PeersApi($this->transport);
        $this->node = new NodeApi($this->transport);
        $this->evidence = new Evidence();
    }

    /**
     * Runs a module; answers at once with the job's id.
     *
     * @param string|\SplFileInfo $module path of a file, the bytes of a module (they begin with "\0asm"), or sha256:… of one that the node has
     * @param array<string, mixed> $options cpu, memory ("64MiB"), timeout and queue (seconds), stdin, args, env, placement (any, local,
     *     remote, a peer), output, capabilities, seed, nonce, profile, idempotencyKey
     */
    public function submit(string|\SplFileInfo $module, array $options = []): string
    {
        $read = Options::read($options);
        $digest = $this->upload($module);
        [$stdin, $stdinDigest] = $this->stdin($read->stdin());
        $nonce = $read->nonce();
        $manifest = $read->manifest($digest, $stdin, $nonce);
        $job = $this->jobs->createJob($manifest, $read->idempotencyKey() ?? bin2hex(random_bytes(16)));
        $this->evidence->sent($job->id, [
            'module' => $digest, 'args' => Digest::ofArgs($read->args()), 'env' => Digest::ofEnv($read->env()), 'stdin' => $stdinDigest,
            'nonce' => $nonce,
        ]);
        return $job->id;
    }

    /** Where the job stands now. */
    public function status(string $jobId): Job
    {
        return $this->jobs->getJob($jobId);
    }

    /**
     * The job, once it has ended, however it ended.
     *
     * @param float|null $timeout seconds; as long as it takes unless given
     * @throws TimeoutException the job itself goes on
     */
    public function wait(string $jobId, ?float $timeout = null): Job
    {
        $job = $this->status($jobId);
        $options = new RequestOptions(timeout: $timeout);
        while (!self::isEnded($job)) {
            foreach ($this->jobs->streamJobEvents($jobId, $job->sequence, $options) as $_) {
                // The stream ends when the job does.
            }
            $job = $this->status($jobId);
        }
        return $job;
    }

    /**
     * What the job wrote to stdout; waits for it.
     *
     * @param float|null $timeout seconds; as long as it takes unless given
     * @throws JobFailedException with the job, its reason and the end of its stderr
     * @throws TimeoutException the job itself goes on
     */
    public function result(string $jobId, ?float $timeout = null): string
    {
        $deadline = $timeout === null ? INF : microtime(true) + $timeout;
        $output = null;
        while ($output === null) {
            $left = $deadline - microtime(true);
            if ($left <= 0) {
                throw new TimeoutException("Job \"$jobId\" has not ended in $timeout s; it goes on");
            }
            try {
                $output = $this->jobs->getJobOutput($jobId, 'wait=' . (int) ceil(min(self::WAIT_SECONDS, $left)));
            } catch (NotFinishedException) {
                continue;
            } catch (NotFoundException $error) {
                // Either there is no such job, which status() says, or it ended without output.
                $job = $this->status($jobId);
                throw self::isEnded($job) ? $this->failure($job) : $error;
            }
        }
        $job = $this->status($jobId);
        if ($job->state !== JobState::SUCCEEDED) {
            throw $this->failure($job);
        }
        $this->evidence->received($jobId, 'stdout', Digest::of($output));
        return $output;
    }

    /**
     * Every step of the job as it happens, the past ones first; ends with the job. Broken connections are taken up again.
     *
     * @return \Generator<int, JobEvent>
     */
    public function events(string $jobId, int $after = 0): \Generator
    {
        return $this->jobs->streamJobEvents($jobId, $after === 0 ? null : $after);
    }

    /** Asks for the job to be cancelled; its state says when that is done. */
    public function cancel(string $jobId): Job
    {
        return $this->jobs->cancelJob($jobId);
    }

    /** The signed receipt, byte for byte. Nothing is checked: see verify. */
    public function receipt(string $jobId): Receipt
    {
        return new Receipt($this->envelope('receipt', $jobId));
    }

    /**
     * Checks a receipt here, in PHP, against what this client sent and received. Without a pinned executor it shows that some key signed
     * exactly these inputs and outputs (assurance `signed`), and the node is trusted for whose key that is; with one: `pinned`.
     *
     * @param string|Receipt $receipt a job's id, or a receipt
     * @param string|null $executor did:key or peer id that must have signed, from somewhere that is trusted
     * @param array<string, mixed> $expected what else is known: submitter, jobId, nonce, request, module, args, env, stdin, stdout, stderr
     *     (the last three as digests)
     * @throws ReceiptException unless it is valid
     */
    public function verify(string|Receipt $receipt, ?string $executor = null, array $expected = []): Verification
    {
        $isJobId = is_string($receipt) && preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/D', $receipt) === 1;
        $jobId = $isJobId ? $receipt : null;
        $envelope = $jobId === null ? (string) $receipt : $this->envelope('receipt', $jobId);
        if ($jobId !== null) {
            $expected += $this->evidenceOf($jobId);
        }
        $verification = Phase\Verifier::verify($envelope, $expected + ($executor === null ? [] : ['executor' => $executor]));
        if ($verification->verdict === Verification::VERDICT_VALID) {
            return $verification;
        }
        throw new ReceiptException('The receipt ' . ($jobId === null ? '' : "of job \"$jobId\" ")
            . "is $verification->verdict: " . Phase\Verifier::why($verification), $verification);
    }

    /**
     * The executors that the node knows.
     *
     * @return list<Peer>
     */
    public function peers(): array
    {
        return $this->peers->listPeers()->items;
    }

    /**
     * The same after asking the network now.
     *
     * @return list<Peer>
     */
    public function discover(): array
    {
        return $this->peers->discoverPeers()->items;
    }

    /** The node that this client talks to. */
    public function node(): NodeStatus
    {
        return $this->node->getNode();
    }

    /** @return string the module's digest, once the node has it */
    private function upload(string|\SplFileInfo $module): string
    {
        if (is_string($module) && Digest::is($module)) {
            return $module;
        }
        $bytes = is_string($module) && str_starts_with($module, "\0asm");
        $body = $bytes ? $module : self::file($module);
        $digest = is_string($body) ? Digest::of($body) : 'sha256:' . hash_file('sha256', $body->getPathname());
        try {
            return $this->modules->getModule($digest)->digest;
        } catch (NotFoundException) {
            return self::same($digest, $this->modules->putModule($body)->digest);
        }
    }

    /** @return array{Stdin, string} what the manifest says, and the digest of the bytes */
    private function stdin(string|\SplFileInfo|Stdin $stdin): array
    {
        if ($stdin instanceof Stdin) {
            return [$stdin, $stdin->digest ?? throw new InvalidArgumentException('Cannot read the option "stdin": no digest')];
        }
        if (is_string($stdin) && strlen($stdin) <= self::STDIN_INLINE_BYTES_MAX) {
            $plain = preg_match('/^[^\x00-\x08\x0B\x0C\x0E-\x1F]*$/uD', $stdin) === 1;
            return [$plain ? new Stdin(text: $stdin) : new Stdin(base64: base64_encode($stdin)), Digest::of($stdin)];
        }
        $body = is_string($stdin) ? $stdin : self::file($stdin);
        $digest = is_string($body) ? Digest::of($body) : 'sha256:' . hash_file('sha256', $body->getPathname());
        return [new Stdin(digest: self::same($digest, $this->blobs->putBlob($body)->digest)), $digest];
    }

    private static function file(string|\SplFileInfo $file): \SplFileInfo
    {
        $file = is_string($file) ? new \SplFileInfo($file) : $file;
        return $file->isFile() && $file->isReadable()
            ? $file
            : throw new InvalidArgumentException('Cannot read "' . substr($file->getPathname(), 0, 200) . '": no such file');
    }

    private static function same(string $sent, string $received): string
    {
        return $sent === $received ? $sent : throw ProtocolException::expected($sent, $received);
    }

    /**
     * What is known of a job by other ways than its receipt: what was sent, what was received, and the signed request.
     *
     * @return array<string, mixed>
     */
    private function evidenceOf(string $jobId): array
    {
        $known = $this->evidence->of($jobId) + ['jobId' => $jobId];
        $signed = Phase\SignedRequest::open($this->envelope('request', $jobId))->expected();
        foreach (array_intersect_key($known, $signed) as $name => $sent) {
            if ($signed[$name] !== $sent) {
                throw new ReceiptException("The node asked for another job than \"$jobId\": $name is $signed[$name], not $sent");
            }
        }
        $known['stdout'] ??= $this->hashOf(fn (RequestOptions $to) => $this->jobs->getJobOutput($jobId, options: $to));
        $known['stderr'] ??= $this->hashOf(fn (RequestOptions $to) => $this->jobs->getJobStderr($jobId, options: $to));
        return $known + $signed;
    }

    /** @param \Closure(RequestOptions): mixed $download */
    private function hashOf(\Closure $download): string
    {
        $hash = hash_init('sha256');
        $download(new RequestOptions(sink: static fn (string $bytes) => hash_update($hash, $bytes)));
        return 'sha256:' . hash_final($hash);
    }

    private function envelope(string $what, string $jobId): string
    {
        $request = new Request('GET', "/v1/jobs/{id}/$what", 'application/json', idempotent: true);
        return $this->transport->send($request->path('id', $jobId))->body;
    }

    private function failure(Job $job): JobFailedException
    {
        $tail = '';
        if (($job->stderr?->size ?? 0) > 0) {
            $keep = static function (string $bytes) use (&$tail): void {
                $tail = substr($tail . $bytes, -self::STDERR_TAIL_BYTES);
            };
            $this->jobs->getJobStderr($job->id, options: new RequestOptions(sink: $keep));
        }
        return new JobFailedException($job, $tail);
    }

    private static function isEnded(Job $job): bool
    {
        return in_array($job->state, [JobState::SUCCEEDED, JobState::FAILED, JobState::CANCELLED], true);
    }
}
