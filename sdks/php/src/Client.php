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
use Plasm\Exception\UnknownDigestException;
use Plasm\Generated\Api\BlobsApi;
use Plasm\Generated\Api\JobsApi;
use Plasm\Generated\Api\ModulesApi;
use Plasm\Generated\Api\NodeApi;
use Plasm\Generated\Api\PeersApi;
use Plasm\Generated\Api\ReceiptsApi;
use Plasm\Generated\Model\Job;
use Plasm\Generated\Model\JobEvent;
use Plasm\Generated\Model\JobManifest;
use Plasm\Generated\Model\JobState;
use Plasm\Generated\Model\NodeStatus;
use Plasm\Generated\Model\Peer;
use Plasm\Generated\Model\Stdin;
use Plasm\Generated\Model\Verification;
use Plasm\Http\CurlTransport;
use Plasm\Http\InputStream;
use Plasm\Http\RequestOptions;
use Plasm\Http\Retry;
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
    public const VERSION = '0.1.0';
    private const URL = 'http://127.0.0.1:7527';
    /** One answer is waited for so long before it is asked for again: proxies cut what says nothing. */
    private const WAIT_SECONDS = 25;
    private const PAUSE_SECONDS = 0.5;
    private const STDERR_TAIL_BYTES = 4096;

    public readonly JobsApi $jobs;
    public readonly ModulesApi $modules;
    public readonly BlobsApi $blobs;
    public readonly ReceiptsApi $receipts;
    public readonly PeersApi $peers;
    public readonly NodeApi $node;
    private readonly Evidence $evidence;
    private readonly JobVerifier $verifier;
    /** @var (\Closure(Progress): void)|null */
    private readonly ?\Closure $progress;
    private readonly ?Terminal $terminal;

    /**
     * @param string|null $url where the node's API is; PLASM_URL, else the local default
     * @param string|null $token PLASM_TOKEN, else none
     * @param float $timeout seconds for one call
     * @param (\Closure(Progress): void)|bool $progress is told of uploads and waits as they go on; true: they are shown in a line, where
     *     stdout is a terminal
     */
    public function __construct(
        ?string $url = null,
        #[\SensitiveParameter] ?string $token = null,
        float $timeout = 30.0,
        \Closure|bool $progress = true,
        ?Transport $transport = null,
    ) {
        $transport ??= new CurlTransport(
            $url ?? (getenv('PLASM_URL') ?: self::URL),
            $token ?? (getenv('PLASM_TOKEN') ?: null),
            $timeout,
            userAgent: 'plasm-php/' . self::VERSION,
        );
        $this->jobs = new JobsApi($transport);
        $this->modules = new ModulesApi($transport);
        $this->blobs = new BlobsApi($transport);
        $this->receipts = new ReceiptsApi($transport);
        $this->peers = new PeersApi($transport);
        $this->node = new NodeApi($transport);
        $this->evidence = new Evidence();
        $this->verifier = new JobVerifier($transport, $this->evidence);
        $terminal = $progress === true ? Terminal::ofThisProgram() : null;
        $this->progress = $progress instanceof \Closure ? $progress : ($terminal === null ? null : $terminal->show(...));
        $this->terminal = $terminal;
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
        $program = is_string($module) && Digest::is($module) ? $module : self::program($module);
        $input = $read->input();
        $input = $input instanceof InputStream ? $this->sent($input) : $input;
        $digest = is_string($program) ? $program : $program->digest;
        $manifest = $read->manifest($digest, $input instanceof Content ? self::stdinOf($input) : $input);
        $uploads = ['/module' => $program, '/stdin/digest' => $input];
        $job = $this->create($manifest, $read->idempotencyKey() ?? bin2hex(random_bytes(16)), $uploads);
        $stdin = $input instanceof Content ? ['digest' => $input->digest, 'size' => $input->size] : ['digest' => (string) $input->digest];
        $this->evidence->sent($job->id, $manifest, $stdin);
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
        $begun = microtime(true);
        $last = null;
        $tell = $this->progress === null ? null : function () use ($begun, &$last): void {
            ($this->progress)(new Progress(microtime(true) - $begun, event: $last));
        };
        try {
            foreach ($this->jobs->streamJobEvents($jobId, null, new RequestOptions(timeout: $timeout, progress: $tell)) as $last) {
                $tell === null || $tell();
            }
        } finally {
            $this->terminal?->clear();
        }
        $job = $this->status($jobId);
        // A state that is new to this version is an end all the same: the stream says so.
        return self::isEnded($job) || $job->state === JobState::UNKNOWN
            ? $job
            : throw ProtocolException::expected("the end of job \"$jobId\" after its last event", $job->state->value);
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
        if ($this->progress !== null) {
            $this->wait($jobId, $timeout);
        }
        $output = $this->output($jobId, $deadline) ?? throw new TimeoutException("Job \"$jobId\" has not ended in $timeout s; it goes on");
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
     * @param int $after the sequence number of the last event that is known
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

    /** The signed receipt of a job that has ended, byte for byte. Nothing is checked: see verify. */
    public function receipt(string $jobId): Receipt
    {
        return new Receipt($this->verifier->envelope($jobId));
    }

    /**
     * Checks a receipt here, in PHP, against what this client sent and received. Without a pinned executor it shows that some key signed
     * exactly these inputs and outputs (assurance `signed`), and the node is trusted for whose key that is; with one: `pinned`.
     *
     * @param string|Receipt $receipt the id of a job that has ended, or a receipt
     * @param string|null $executor did:key or peer id that must have signed, from somewhere that is trusted
     * @param array<string, mixed> $expected what else is known: submitter, jobId, nonce, request, args, env; module, stdin, stdout and
     *     stderr as digests or as SplFileInfo
     * @throws ReceiptException unless it is valid
     */
    public function verify(string|Receipt $receipt, ?string $executor = null, array $expected = []): Verification
    {
        $jobId = is_string($receipt) && !str_starts_with(ltrim($receipt), '{') ? $receipt : null;
        $digest = static fn (mixed $one): mixed => $one instanceof \SplFileInfo ? Content::ofFile($one)->digest : $one;
        $expected = array_map($digest, $expected) + ($executor === null ? [] : ['executor' => $executor]);
        $verification = $jobId === null ? Phase\Verifier::verify((string) $receipt, $expected) : $this->verifier->verify($jobId, $expected);
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

    private static function program(string|\SplFileInfo $module): Content
    {
        return is_string($module) && str_starts_with($module, "\0asm") ? Content::ofBytes($module) : Content::ofFile($module);
    }

    private static function stdinOf(Content $input): Stdin
    {
        if (!is_string($input->body) || $input->size > Options::STDIN_INLINE_BYTES_MAX) {
            return new Stdin(digest: $input->digest);
        }
        $isText = preg_match('/^[^\x00-\x08\x0B\x0C\x0E-\x1F]*$/uD', $input->body) === 1;
        return $isText ? new Stdin(text: $input->body) : new Stdin(base64: base64_encode($input->body));
    }

    /** Small enough for the manifest, or sent on as it comes. */
    private function sent(InputStream $stream): Content|Stdin
    {
        $bytes = '';
        if ($stream->isShort(Options::STDIN_INLINE_BYTES_MAX, $bytes)) {
            return Content::ofBytes($bytes);
        }
        $begun = microtime(true);
        $tell = $this->progress === null ? null : function (int $sent) use ($begun): void {
            ($this->progress)(new Progress(microtime(true) - $begun, bytes: $sent));
        };
        try {
            $stored = $this->blobs->putBlob($stream, new RequestOptions(progress: $tell));
        } finally {
            $this->terminal?->clear();
        }
        return $stored->digest === $stream->digest()
            ? new Stdin(digest: $stored->digest)
            : throw ProtocolException::expected("the digest {$stream->digest()} of what was sent", $stored->digest);
    }

    /**
     * Bytes travel only where the node says that it does not know them: most are sent once and used often.
     *
     * @param array<string, mixed> $uploads by the pointer of the member that names them
     */
    private function create(JobManifest $manifest, string $idempotencyKey, array $uploads): Job
    {
        for (;;) {
            try {
                return $this->jobs->createJob($manifest, $idempotencyKey);
            } catch (UnknownDigestException $error) {
                $content = $uploads[$error->pointer ?? ''] ?? null;
                if (!$content instanceof Content) {
                    throw $error;
                }
                unset($uploads[$error->pointer]);
                $this->upload($content, $error->pointer === '/module');
            }
        }
    }

    private function upload(Content $content, bool $isModule): void
    {
        $begun = microtime(true);
        $tell = $this->progress === null ? null : function (int $sent) use ($begun, $content): void {
            ($this->progress)(new Progress(microtime(true) - $begun, bytes: $sent, bytesTotal: $content->size));
        };
        $options = new RequestOptions(progress: $tell);
        try {
            $stored = $isModule ? $this->modules->putModule($content->body, $options) : $this->blobs->putBlob($content->body, $options);
        } finally {
            $this->terminal?->clear();
        }
        if ($stored->digest !== $content->digest) {
            throw ProtocolException::expected("the digest $content->digest (has the file changed meanwhile?)", $stored->digest);
        }
    }

    /** null where the job has not ended before `$deadline`. */
    private function output(string $jobId, float $deadline): ?string
    {
        while (($left = $deadline - microtime(true)) > 0) {
            $asked = microtime(true);
            try {
                return $this->jobs->getJobOutput($jobId, 'wait=' . (int) ceil(min(self::WAIT_SECONDS, $left)));
            } catch (NotFinishedException) {
                // A node that answers at once, whatever wait was asked for, is not asked without end in between.
                Retry::pause(max(0.0, min($left, $asked + self::PAUSE_SECONDS - microtime(true))));
            } catch (NotFoundException $error) {
                // Either there is no such job, which status() says, or it ended without output.
                $job = $this->status($jobId);
                throw self::isEnded($job) ? $this->failure($job) : $error;
            }
        }
        return null;
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
