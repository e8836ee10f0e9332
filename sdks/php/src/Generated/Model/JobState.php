<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

/** Where a job stands */
enum JobState: string
{
    case QUEUED = 'queued';
    case ASSIGNED = 'assigned';
    case RUNNING = 'running';
    case SUCCEEDED = 'succeeded';
    case FAILED = 'failed';
    case CANCELLED = 'cancelled';
    /** A value that this version of the client does not know. */
    case UNKNOWN = '__unknown';
}
