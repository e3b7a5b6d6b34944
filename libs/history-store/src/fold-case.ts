/** Text as it is compared regardless of case, by every adapter alike. */
export const foldCase = (text: string): string => text.normalize("NFC").toLowerCase();
