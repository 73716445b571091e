import type { ImageID } from './image.ts';

export interface BuildInfo {
  id?: string | undefined;
  stream?: string | undefined;
  error?: string | null | undefined;
  errorDetail?: ErrorDetail | undefined;
  status?: string | undefined;
  progress?: string | null | undefined;
  progressDetail?: ProgressDetail | undefined;
  aux?: ImageID | undefined;
}

export interface CreateImageInfo {
  id?: string | undefined;
  error?: string | null | undefined;
  errorDetail?: ErrorDetail | undefined;
  status?: string | undefined;
  progress?: string | null | undefined;
  progressDetail?: ProgressDetail | undefined;
}

export interface PushImageInfo {
  error?: string | null | undefined;
  errorDetail?: ErrorDetail | undefined;
  status?: string | undefined;
  progress?: string | null | undefined;
  progressDetail?: ProgressDetail | undefined;
}

export interface ErrorDetail {
  code?: number | undefined;
  message?: string | undefined;
}

export interface ProgressDetail {
  current?: number | undefined;
  total?: number | undefined;
}

export interface ErrorResponse {
  message?: string | undefined;
}

export interface IDResponse {
  Id?: string | undefined;
}
