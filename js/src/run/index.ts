/** A placeholder. */
export default { render() {} };
