"""One story to many subscribers: how near to the rate that is allowed, beside other senders."""
