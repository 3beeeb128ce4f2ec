#ifndef TOCSIN_NOTIFY_SMS_H
#define TOCSIN_NOTIFY_SMS_H

/*
 * A line and a link as one short message: at most 160 characters where all are
 * of the GSM alphabet (3GPP TS 23.038), else 70 UTF-16 units.  A title that is
 * too long ends in "..."; a link is never cut, and left out where it would
 * leave less than a sixth of the message to the title.  Pure.
 */

#define SMS_BYTES 512

/* link "" = none.  Into buf; returns buf. */
const char *sms_text(const char *title, const char *link, char buf[SMS_BYTES]);

#endif
