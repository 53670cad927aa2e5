/** An upload that takes longer has failed. */
const UPLOAD_TIMEOUT_MS = 60_000;

/** Puts a file at an http or https URL; the name is appended when the URL is a folder. */
export const uploadFile = async (url: string, name: string, text: string): Promise<void> => {
  const target = new URL(url);
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    throw new Error(`uploads go to http or https, not to ${target.protocol}`);
  }
  if (target.pathname.endsWith('/')) target.pathname += encodeURIComponent(name);
  const response = await fetch(target, {
    method: 'PUT',
    body: text,
    headers: { 'content-type': 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(UPLOAD_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
};
